/**
 * Counts the events that are told to handlers, and the time that telling takes on this thread: from the call of a run
 * manager's method to its return. What handlers do later, after an await of their own, is not in it.
 */
export class CallbackMeter {
  events = 0;
  millis = 0;

  /**
   * Tells one event and waits until the handlers have settled it. Never rejects: a handler's failure has been
   * reported by dispatch, and with `raiseError` it still must not end a batch.
   */
  async tell(event: () => Promise<void>): Promise<void> {
    this.events += 1;
    const start = performance.now();
    const told = event();
    this.millis += performance.now() - start;
    await told.catch(() => undefined);
  }
}
