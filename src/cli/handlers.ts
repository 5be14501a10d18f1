import type { CallbackHandler } from "../handler.ts";
import { jsonLinesTracerModule, tokenStatisticsModule } from "../handler-modules.ts";
import type { TokenReport } from "../handlers/token-statistics.ts";

/** How one handler has fared, over all its instances. */
export interface HandlerRow {
  readonly name: string;
  readonly placed: string;
  /** Events settled without a failure. */
  readonly handled: number;
  readonly failed: number;
  readonly dropped: number;
  /** Events taken and not settled. */
  readonly waiting: number;
}

/** A handler to place. */
export interface HandlerChoice {
  readonly module: URL;
  readonly export: string;
  readonly options?: unknown;
  readonly name: string;
}

/** Handlers where they run, with what the command wants to know of them. */
export interface PlacedHandlers {
  readonly handlers: readonly CallbackHandler[];
  /** Events that are not settled. */
  backlog(): number;
  rows(): HandlerRow[];
  tokenReport(): Promise<TokenReport | undefined>;
  flush(): Promise<void>;
  close(timeoutMillis: number): Promise<void>;
}

export const TOKEN_STATISTICS = "token-statistics";

/** What ships and runs unless it is switched off. */
export function defaultHandlers(tracePath: string | undefined): HandlerChoice[] {
  const statistics = {
    module: tokenStatisticsModule,
    export: "default",
    name: TOKEN_STATISTICS,
  };
  if (tracePath === undefined) return [statistics];
  const tracer = {
    module: jsonLinesTracerModule,
    export: "default",
    options: { path: tracePath },
    name: "run-tree-tracer",
  };
  return [statistics, tracer];
}
