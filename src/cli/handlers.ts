import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  mergeTokenReports,
  type TokenReport,
  type TokenStatistics,
} from "../handlers/accounting/token-statistics.ts";
import { tokenStatisticsModule } from "../handlers/modules.ts";
import { offThread } from "../offthread/off-thread.ts";
import type { OffThreadHandler } from "../offthread/off-thread-handler.ts";
import { jsonLinesTracerModule } from "../tracers/modules.ts";
import type { HandlerSpec } from "../transports/options.ts";

/** How one handler has fared, over all its threads. */
export interface HandlerRow {
  readonly name: string;
  /** Events settled without a failure. */
  readonly handled: number;
  readonly failed: number;
  readonly dropped: number;
  /** Events taken and not settled. */
  readonly waiting: number;
}

const TOKEN_STATISTICS = "token-statistics";

/** Handlers on threads of their own, with what the batch command wants to know of them. */
export class PlacedHandlers {
  readonly #shipped: OffThreadHandler<TokenStatistics>;
  readonly #own: OffThreadHandler | undefined;

  private constructor(shipped: OffThreadHandler<TokenStatistics>, own: OffThreadHandler | undefined) {
    this.#shipped = shipped;
    this.#own = own;
  }

  /**
   * Starts what ships, and the user's own handlers (`./file.js` or `./file.js#export`) apart from it, so that neither
   * harms the other. Rejects as `offThread` does, and leaves no thread behind.
   */
  static async place(tracePath: string | undefined, own: readonly string[], threads: number) {
    // A request never waits for analytics.
    const options = { threads, acknowledge: "queued" } as const;
    const shipped = await offThread<TokenStatistics>(shippedSpecs(tracePath), options);
    if (own.length === 0) return new PlacedHandlers(shipped, undefined);
    try {
      return new PlacedHandlers(shipped, await offThread(own.map(ownSpec), options));
    } catch (error) {
      await shipped.abort();
      throw error;
    }
  }

  get handlers(): readonly (OffThreadHandler<TokenStatistics> | OffThreadHandler)[] {
    return this.#own === undefined ? [this.#shipped] : [this.#shipped, this.#own];
  }

  /** Events that some handler has not settled. */
  backlog(): number {
    return this.handlers.reduce((sum, handler) => sum + handler.stats().depth, 0);
  }

  rows(): HandlerRow[] {
    return this.handlers.flatMap((placed) => {
      const { handlers, dropped, depth } = placed.stats();
      return handlers.map(({ name, handled, failed }) => ({
        name,
        handled,
        failed,
        dropped,
        waiting: depth,
      }));
    });
  }

  async tokenReport(): Promise<TokenReport> {
    return mergeTokenReports((await this.#shipped.remotes[TOKEN_STATISTICS]?.report()) ?? []);
  }

  async flush(): Promise<void> {
    await Promise.all(this.handlers.map((handler) => handler.flush()));
  }

  async close(): Promise<void> {
    await Promise.all(this.handlers.map((handler) => handler.close()));
  }

  async abort(): Promise<void> {
    await Promise.all(this.handlers.map((handler) => handler.abort()));
  }
}

function shippedSpecs(tracePath: string | undefined): HandlerSpec[] {
  const statistics = { module: tokenStatisticsModule, name: TOKEN_STATISTICS };
  if (tracePath === undefined) return [statistics];
  return [
    statistics,
    { module: jsonLinesTracerModule, options: { path: tracePath }, name: "json-lines-tracer" },
  ];
}

/** A handler of the user's (`./file.js` or `./file.js#export`), from the folder in which the command runs. */
export function ownSpec(text: string): HandlerSpec {
  const hash = text.lastIndexOf("#");
  const file = hash === -1 ? text : text.slice(0, hash);
  const name = hash === -1 ? "default" : text.slice(hash + 1);
  return { module: pathToFileURL(resolve(file)), export: name, name: text };
}
