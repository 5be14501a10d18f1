import { tolerated } from "../common/thenable.ts";
import type { EventName } from "../core/events.ts";
import { reportIfUnawaited } from "../core/unawaited.ts";

/** Stands in a report for the run that a refused call did not begin or find. */
const NO_RUN = "none";

/**
 * Sends an event that nobody has to await. `send` throws if the call is refused, which is reported if the promise is not
 * awaited; its own promise rejects only with what is no fault, or is reported.
 */
export function sendOrRefuse<T>(caller: string, event: EventName, send: () => Promise<T>): Promise<T> {
  try {
    return tolerated(send());
  } catch (error) {
    return reportIfUnawaited(Promise.reject(error), () => ({
      handler: caller,
      isMisuse: true,
      event,
      runId: NO_RUN,
    }));
  }
}
