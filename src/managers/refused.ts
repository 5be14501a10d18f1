import type { EventName } from "../core/events.ts";
import { NO_RUN, reportIfUnawaited } from "../core/unawaited.ts";

/**
 * Sends an event for a caller that need not await it. If `send` throws, the call is refused, which is reported if the caller
 * does not await it. The promise of `send` is to be tolerated already.
 */
export function sendOrRefuse<T>(caller: string, event: EventName, send: () => Promise<T>): Promise<T> {
  try {
    return send();
  } catch (error) {
    return reportIfUnawaited(Promise.reject(error), () => ({
      handler: caller,
      isMisuse: true,
      event,
      runId: NO_RUN,
    }));
  }
}
