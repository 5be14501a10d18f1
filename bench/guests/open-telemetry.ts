import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { Counter } from "../harness/counts.ts";
import type { Chat, Peer, Send } from "../harness/peer.ts";

const PROMPT = "gen_ai.input.messages";
const ANSWER = "gen_ai.output.messages";

/** Counts a start and an end for each span, on the main thread, where exporters run. */
class CountingExporter implements SpanExporter {
  readonly counter = new Counter();

  export(spans: ReadableSpan[], done: (result: { code: 0 }) => void): void {
    for (const { attributes } of spans) {
      this.counter.start(attributes[PROMPT]);
      this.counter.end(String(attributes[ANSWER]));
    }
    done({ code: 0 });
  }

  async shutdown(): Promise<void> {}
}

/** OpenTelemetry's BatchSpanProcessor with its defaults: a span per run, no tokens. */
export function openTelemetryPeer(): Peer {
  const exporter = new CountingExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = provider.getTracer("bench");
  return {
    name: "OpenTelemetry batches",
    tokenSender: () => Promise.reject(new Error("Expected runs to make spans of, got tokens.")),
    async chatSender(chats: readonly Chat[]): Promise<Send> {
      return async () => {
        for (const { instruction, answer } of chats) {
          const span = tracer.startSpan("chat bench", {
            root: true,
            attributes: { "gen_ai.operation.name": "chat", [PROMPT]: instruction },
          });
          // As in an application that awaits its callbacks.
          await undefined;
          span.setAttribute(ANSWER, answer);
          await span.end();
        }
      };
    },
    delivered: () => provider.forceFlush(),
    counts: async () => [exporter.counter.counts()],
    close: () => provider.shutdown(),
  };
}
