import { deliver, interestOf, isInterested } from "../delivery.ts";
import { type AnyEventRecord, EVENT_INFO } from "../events.ts";
import { type CallbackHandler, handlerName } from "../handler.ts";

/** A handler on the main thread that counts what it settles, as off-thread handlers do by themselves. */
export class CountingHandler implements CallbackHandler {
  readonly name: string;
  readonly runInline: boolean;
  readonly inner: CallbackHandler;
  readonly #interest: number;
  handled = 0;
  failed = 0;
  waiting = 0;

  constructor(inner: CallbackHandler, name?: string) {
    this.inner = inner;
    this.name = name ?? handlerName(inner);
    this.runInline = inner.runInline ?? false;
    this.#interest = interestOf(inner);
  }

  onEvent(record: AnyEventRecord): Promise<void> | undefined {
    return isInterested(this.#interest, EVENT_INFO[record.event]) ? this.#count(record) : undefined;
  }

  async flush(): Promise<void> {
    await this.inner.flush?.();
  }

  async close(): Promise<void> {
    await this.inner.close?.();
  }

  async #count(record: AnyEventRecord): Promise<void> {
    this.waiting += 1;
    try {
      await deliver(this.inner, record);
      this.handled += 1;
    } catch (error) {
      this.failed += 1;
      throw error;
    } finally {
      this.waiting -= 1;
    }
  }
}
