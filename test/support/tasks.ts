/** Resolves when everything due without new input has happened: microtasks, and tasks posted by `Atomics.notify`. */
export async function settleTasks(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise is still pending once everything due has happened. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await settleTasks();
  return !settled;
}
