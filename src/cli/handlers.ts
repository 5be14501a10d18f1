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

/** Event counts of one handler over all its threads. */
export interface HandlerRow {
  readonly name: string;
  /** Events handled without a failure. */
  readonly handled: number;
  readonly failed: number;
  readonly dropped: number;
  /** Events accepted and not yet handled. */
  readonly waiting: number;
}

const TOKEN_STATISTICS = "token-statistics";

/** The batch command's handlers on worker threads. */
export class PlacedHandlers {
  readonly #shipped: OffThreadHandler<TokenStatistics>;
  readonly #own: OffThreadHandler | undefined;

  private constructor(shipped: OffThreadHandler<TokenStatistics>, own: OffThreadHandler | undefined) {
    this.#shipped = shipped;
    this.#own = own;
  }

  /**
   * Starts the shipped handlers, and the user's own (`./file.js` or `./file.js#export`) on other threads, so that
   * neither can harm the other. Rejects as `offThread` does, with all threads stopped.
   */
  static async place(tracePath: string | undefined, own: readonly string[], threads: number) {
    // Requests must not wait for handlers.
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

  /** Number of events that some handler has not handled yet. */
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

/** Makes the spec of a user's own handler, `./file.js` or `./file.js#export` relative to the working directory. */
export function ownSpec(text: string): HandlerSpec {
  const hash = text.lastIndexOf("#");
  const file = hash === -1 ? text : text.slice(0, hash);
  const name = hash === -1 ? "default" : text.slice(hash + 1);
  return { module: pathToFileURL(resolve(file)), export: name, name: text };
}
