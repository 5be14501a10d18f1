import { threadId } from "node:worker_threads";
import { ANSWERS, LIFE, LIFE_WAITS, LOCAL, NONE, PRODUCER_THREAD, READER, REMOTE, TAKEN } from "./layout.ts";

/** Takes a queue for this thread's reader, and lets the producer see that the thread lives. False if it has a reader. */
export function takeQueue(control: Int32Array): boolean {
  if (Atomics.compareExchange(control, READER, NONE, TAKEN) !== NONE) return false;
  const isLocal = control[PRODUCER_THREAD] === threadId;
  if (!isLocal) for (let i = 0; i < LIFE_WAITS; i += 1) void showLife(control);
  // Behind the waits: a producer that sees REMOTE and finds none takes the thread for ended.
  Atomics.store(control, READER, isLocal ? LOCAL : REMOTE);
  return true;
}

async function showLife(control: Int32Array): Promise<void> {
  for (;;) {
    const wait = Atomics.waitAsync(control, LIFE, 0);
    if (!wait.async) return;
    await wait.value;
    Atomics.add(control, ANSWERS, 1);
  }
}

/** Ends the reader's waits: a pending one is never freed. Either side calls it once the other needs no sign any more. */
export function endLifeSign(control: Int32Array): void {
  Atomics.store(control, LIFE, 1);
  Atomics.notify(control, LIFE);
}
