import type { Question } from "../harness/question.ts";
import { ackLatency } from "./ack-latency.ts";
import { batch } from "./batch.ts";
import { fanOut } from "./fan-out.ts";
import { lifecycle } from "./lifecycle.ts";
import { loopDelay } from "./loop-delay.ts";
import { memory } from "./memory.ts";
import { openRuns } from "./open-runs.ts";
import { payload } from "./payload.ts";
import { startUp } from "./start-up.ts";
import { throughput } from "./throughput.ts";
import { tokenBurst } from "./token-burst.ts";
import { tokenPaced } from "./token-paced.ts";

/** The questions that ship, in the order in which they are answered. */
export const QUESTIONS: readonly Question[] = [
  tokenBurst,
  tokenPaced,
  lifecycle,
  fanOut,
  ackLatency,
  loopDelay,
  throughput,
  payload,
  openRuns,
  memory,
  batch,
  startUp,
];
