import { Piscina } from "piscina";
import { SidecallError } from "../common/errors.ts";
import { decodeValue } from "../wire/codec.ts";
import type { CodedFailure } from "../wire/protocol.ts";
import type { ResolvedOptions } from "./options.ts";

export interface ThreadPoolOptions {
  /** Path of the module whose exports are the tasks. */
  readonly filename: string;
  readonly threads: number;
  /** Given to every thread at its start. */
  readonly workerData?: unknown;
  readonly resourceLimits: ResolvedOptions["resourceLimits"] | undefined;
}

/**
 * A fixed number of threads, which Piscina starts, limits, and replaces when they die. `atomics: "disabled"` keeps their
 * event loops running between tasks: otherwise Piscina parks an idle thread in `Atomics.wait`, and no timer, socket or
 * message of a handler would run.
 */
export class ThreadPool {
  readonly pool: Piscina;
  #terminated: Promise<void> | undefined;

  constructor({ filename, threads, workerData, resourceLimits }: ThreadPoolOptions) {
    this.pool = new Piscina({
      filename,
      minThreads: threads,
      maxThreads: threads,
      atomics: "disabled",
      idleTimeout: Number.POSITIVE_INFINITY,
      recordTiming: false,
      workerHistogram: false,
      ...(workerData === undefined ? {} : { workerData }),
      ...(resourceLimits === undefined ? {} : { resourceLimits }),
    });
  }

  /** Ends all threads at once. Calls `destroy` once: a second call makes Piscina replace threads that the first is ending. */
  terminate(): Promise<void> {
    this.#terminated ??= this.pool.destroy();
    return this.#terminated;
  }
}

/** The error of handlers that could not be loaded in a thread. */
export function loadError({ code, message, cause }: CodedFailure): SidecallError {
  // An absent cause crosses as null.
  return new SidecallError(code, message, decodeValue(cause) ?? undefined);
}
