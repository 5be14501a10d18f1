import { threadId, workerData } from "node:worker_threads";
import { expose } from "comlink";
import { SidecallError } from "../../src/common/errors.ts";
import { deliver, isInterested } from "../../src/core/deliver.ts";
import { type AnyEventRecord, eventOfCode } from "../../src/core/events.ts";
import { Barrier } from "../../src/shared-memory/barrier.ts";
import { encodeCopy } from "../../src/wire/codec.ts";
import type { EventTask, LoadRequest, LoadResult, TaskResult, TaskSetup } from "../../src/wire/protocol.ts";
import { decodeRecord, decodeRun } from "../../src/wire/records.ts";
import { controlOf } from "../control.ts";
import { describeSlots, type HandlerSlot, loadHandlers } from "../load-handlers.ts";

/*
 * What a thread does with `ordering: "none"`: each event is a task of its own, for whichever thread is idle.
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

/** Resolves, or rejects, with the handler's promise, but fails when that takes too long. */
async function inTime(returned: unknown, name: string): Promise<void> {
  const { handlerTimeoutMillis } = setup;
  if (handlerTimeoutMillis === Number.POSITIVE_INFINITY) return void (await returned);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `Handler ${name} has not settled an event within ${handlerTimeoutMillis} ms.`;
    timer = setTimeout(
      () => reject(new SidecallError("SIDECALL_HANDLER_TIMEOUT", message)),
      handlerTimeoutMillis,
    );
  });
  try {
    await Promise.race([returned, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Gives one event to all handlers together. */
export async function handle(task: EventTask): Promise<TaskResult> {
  const info = eventOfCode(task.code);
  if (info === undefined) throw new TypeError(`no event has the code ${task.code}`);
  const run = decodeRun(task.run);
  const handled: number[] = [];
  const failures: TaskResult["failures"][number][] = [];
  const fail = ({ index, name }: HandlerSlot, error: unknown) => {
    failures.push({
      index,
      handler: name,
      event: info.event,
      runId: run.runId,
      error: encodeCopy(error),
    });
  };
  const interested = (await loaded()).filter(({ interest }) => isInterested(interest, info));
  let record: AnyEventRecord;
  try {
    record = decodeRecord(info, run, task.timestamp, task.payload);
  } catch (error) {
    // Such as from a getter that gave the encoder two different answers.
    for (const slot of interested) fail(slot, error);
    return { handled, failures };
  }
  const settle = async (slot: HandlerSlot) => {
    try {
      await inTime(deliver(slot.handler, record), slot.name);
      handled.push(slot.index);
    } catch (error) {
      fail(slot, error);
    }
  };
  await Promise.all(interested.map(settle));
  return { handled, failures };
}
