import type { ExternalPeers, Opener } from "../harness/question.ts";
import { langChainPeer } from "./langchain.ts";
import { openTelemetryPeer } from "./open-telemetry.ts";
import { pinoPeer } from "./pino.ts";

/** With more background handlers a burst takes minutes: a job in LangChain's queue costs more the longer the queue is. */
const MAX_BACKGROUND_HANDLERS = 8;

function langChainPeers(): Opener[] {
  return [1, 8].flatMap((count) => [() => langChainPeer(count, true), () => langChainPeer(count, false)]);
}

/** Peers from the repository's development dependencies. */
export const externalPeers: ExternalPeers = (question, handlers) => {
  switch (question) {
    case "token-burst":
    case "token-paced":
      return [...langChainPeers(), pinoPeer];
    case "lifecycle":
      return [...langChainPeers(), pinoPeer, openTelemetryPeer];
    case "throughput":
      return [pinoPeer];
    case "fan-out":
      return [true, false]
        .filter((awaited) => awaited || handlers <= MAX_BACKGROUND_HANDLERS)
        .map((awaited) => () => langChainPeer(handlers, awaited));
    case "payload":
      return [() => langChainPeer(handlers, true)];
    default:
      return [];
  }
};
