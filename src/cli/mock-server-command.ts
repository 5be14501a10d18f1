import { startMockServer } from "../mock-server/server.ts";
import { Interrupt } from "./interrupt.ts";
import { EXIT, inFlags, numberOption, parseCommandLine } from "./usage.ts";

export const HELP = `sidecall mock-server [options]

  A server on 127.0.0.1 that speaks POST /v1/chat/completions (streamed or not, with usage and tool calls) and
  GET /v1/models. Equal requests get equal answers, independent of other requests. Prints its base URL when ready.

  --recorded <file>             answers from a .json or .jsonl file, gzipped or not: {instruction, output} by the last
                                user message, {traj: [message, …]} by the conversation so far; others are made up
  --tokens-per-second <n>       per answer (default: as fast as they are read)
  --first-token-millis <n>      wait before the first token (default: 0)
  --fail-rate <p>               share of requests that fail with 429 or 500, from 0 to 1 (default: 0)
  --seed <n>                    decides what is made up and what fails (default: 0)
  --port <n>                    (default: 0, any free one)

  Usage in its answers counts pieces of about four characters; it is no tokenizer's count.
`;

const OPTIONS = {
  recorded: { type: "string" },
  "tokens-per-second": { type: "string" },
  "first-token-millis": { type: "string" },
  "fail-rate": { type: "string" },
  seed: { type: "string" },
  port: { type: "string" },
} as const;

export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseCommandLine({ args: [...args], options: OPTIONS });
  const server = await startMockServer({
    recorded: values.recorded,
    tokensPerSecond: numberOption("tokens-per-second", values["tokens-per-second"]),
    firstTokenMillis: numberOption("first-token-millis", values["first-token-millis"]),
    failRate: numberOption("fail-rate", values["fail-rate"]),
    seed: numberOption("seed", values.seed),
    port: numberOption("port", values.port),
  }).catch((error: unknown) => {
    throw inFlags(error, OPTIONS);
  });
  const recorded = server.recordedAnswers === 0 ? "" : ` with ${server.recordedAnswers} recorded answers`;
  process.stdout.write(`mock server at ${server.url}${recorded}\n`);
  const interrupt = new Interrupt(() => undefined);
  await new Promise<void>((resolve) => {
    if (interrupt.signal.aborted) resolve();
    interrupt.signal.addEventListener("abort", () => resolve());
    // The parent that forked this process, as the demo does, has ended.
    process.once("disconnect", resolve);
  });
  await server.close();
  interrupt.dispose();
  // The channel to the parent would keep this process alive.
  if (process.connected) process.disconnect();
  return EXIT.ok;
}
