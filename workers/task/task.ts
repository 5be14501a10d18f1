import { threadId, workerData } from "node:worker_threads";
import { expose } from "comlink";
import { SidecallError } from "../../src/common/errors.ts";
import { withTimeLimit } from "../../src/common/time-limit.ts";
import { Delivery, deliver, isInterested } from "../../src/core/deliver.ts";
import { type AnyEventRecord, type EventInfo, eventOfCode } from "../../src/core/events.ts";
import { Barrier } from "../../src/shared-memory/barrier.ts";
import type { EventTask, LoadRequest, LoadResult, TaskResult, TaskSetup } from "../../src/wire/protocol.ts";
import { decodeRecord, decodeRun } from "../../src/wire/records.ts";
import { controlOf } from "../control.ts";
import { encodeError } from "../encode-error.ts";
import { describeSlots, type HandlerSlot, loadHandlers } from "../load-handlers.ts";

/*
 * The tasks of a thread with `ordering: "none"`: each event is a task of its own, for any idle thread.
 */

const setup = workerData as TaskSetup;
const slots = loadHandlers(setup.specs, setup.context);

async function loaded(): Promise<readonly HandlerSlot[]> {
  const result = await slots;
  if ("code" in result) throw new SidecallError(result.code, result.message);
  return result;
}

/** Loads the handlers, and opens the thread for requests. */
export async function load({ control, barrier }: LoadRequest): Promise<LoadResult & { threadId: number }> {
  const result = await slots;
  if ("code" in result) return { failure: result, threadId };
  expose(
    controlOf(result, () => Promise.resolve()),
    control,
  );
  await new Barrier(barrier).arriveAndWait();
  return { handlers: describeSlots(result), threadId };
}

function timeoutError(name: string): SidecallError {
  const message = `Handler ${name} has not settled an event within ${setup.handlerTimeoutMillis} ms.`;
  return new SidecallError("SIDECALL_HANDLER_TIMEOUT", message);
}

/** One event, for all handlers of this thread together. */
class TaskDelivery extends Delivery<HandlerSlot> {
  readonly failures: TaskResult["failures"][number][] = [];
  readonly pending: Promise<void>[] = [];
  readonly #info: EventInfo;

  constructor(info: EventInfo, runId: string) {
    super({ event: info.event, runId });
    this.#info = info;
  }

  /** Indexes of the handlers that wanted the event and settled it without failing. */
  handled(slots: readonly HandlerSlot[]): number[] {
    const failed = new Set(this.failures.map(({ index }) => index));
    return this.interested(slots).flatMap(({ index }) => (failed.has(index) ? [] : [index]));
  }

  interested(slots: readonly HandlerSlot[]): readonly HandlerSlot[] {
    return slots.filter(({ interest }) => isInterested(interest, this.#info));
  }

  protected override call(slot: HandlerSlot, record: AnyEventRecord): unknown {
    return isInterested(slot.interest, this.#info) ? deliver(slot.handler, record) : undefined;
  }

  protected override follow(slot: HandlerSlot, promise: PromiseLike<unknown>): void {
    const inTime = withTimeLimit(promise, setup.handlerTimeoutMillis, () => timeoutError(slot.name));
    this.pending.push(
      inTime.then(
        () => undefined,
        (error: unknown) => this.fail(slot, error),
      ),
    );
  }

  protected override raises(slot: HandlerSlot): boolean {
    return slot.raiseError;
  }

  protected override report({ index, name }: HandlerSlot, error: unknown): void {
    const { event, runId } = this;
    this.failures.push({ index, handler: name, event, runId, error: encodeError(error) });
  }
}

/** Gives one event to all handlers together. */
export async function handle(task: EventTask): Promise<TaskResult> {
  const info = eventOfCode(task.code);
  if (info === undefined) throw new TypeError(`no event has the code ${task.code}`);
  const slots = await loaded();
  const run = decodeRun(task.run);
  const delivery = new TaskDelivery(info, run.runId);
  let record: AnyEventRecord | undefined;
  try {
    record = decodeRecord(info, run, task.timestamp, task.payload);
  } catch (error) {
    // Such as from a getter that gave the encoder two different answers.
    for (const slot of delivery.interested(slots)) delivery.fail(slot, error);
  }
  if (record !== undefined) delivery.deliverAll(slots, record);
  await Promise.all(delivery.pending);
  const { failures, raised } = delivery;
  return {
    handled: delivery.handled(slots),
    failures,
    raised: raised === undefined ? undefined : encodeError(raised.error),
  };
}
