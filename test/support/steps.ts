import {
  AsyncCallbackManager,
  type AsyncCallbackManagerForChainRun,
  type ConfigureOptions,
  type StartOptions,
  withContext,
} from "../../src/index.ts";

type Body = (input: unknown, run: AsyncCallbackManagerForChainRun) => unknown;

export interface StepOptions {
  readonly configure?: ConfigureOptions;
  readonly start?: StartOptions;
  /** Whether it sends `onChainStream` for each piece. @default true */
  readonly streams?: boolean;
}

/** A function that runs as a chain below the run around it. */
export interface Step {
  (input?: unknown): Promise<unknown>;
  /** The same, piece by piece. An input that is itself streamed is known when the run ends. */
  stream(input?: unknown): AsyncGenerator<unknown, unknown>;
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function joined(pieces: readonly unknown[]): unknown {
  return pieces.every((piece) => typeof piece === "string") ? pieces.join("") : pieces.at(-1);
}

/** Reads a stream's first piece at once, so that the run which makes it begins first; keeps the pieces that are read. */
async function started(input: AsyncIterable<unknown>) {
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next();
  const pieces: unknown[] = [];
  async function* read() {
    for (let step = first; !step.done; step = await iterator.next()) {
      pieces.push(step.value);
      yield step.value;
    }
  }
  return { pieces, stream: read() };
}

/** The pieces of a body's result; the body runs below `run`. */
async function* pieces(run: AsyncCallbackManagerForChainRun, call: () => unknown) {
  const returned = withContext({ run }, call);
  if (!isStream(returned)) {
    yield await returned;
    return;
  }
  const iterator = returned[Symbol.asyncIterator]();
  for (;;) {
    const step = await withContext({ run }, () => iterator.next());
    if (step.done) return;
    yield step.value;
  }
}

function callable(stream: Step["stream"]): Step {
  const call = async (input?: unknown) => {
    const iterator = stream(input);
    let step = await iterator.next();
    while (!step.done) step = await iterator.next();
    return step.value;
  };
  return Object.assign(call, { stream });
}

/** Drives callbacks as an application does: start, `onChainStream` for each piece, and one end or error. */
export function step(name: string, body: Body, { configure, start, streams = true }: StepOptions = {}): Step {
  async function* stream(given?: unknown): AsyncGenerator<unknown, unknown> {
    const input = isStream(given) ? await started(given) : undefined;
    const manager = AsyncCallbackManager.configure(configure);
    const run = await manager.onChainStart({ name }, input === undefined ? given : undefined, start);
    const output: unknown[] = [];
    const lateInputs = () => (input === undefined ? {} : { inputs: joined(input.pieces) });
    let failure: unknown = new Error(`${name} is no longer read`);
    let isDone = false;
    try {
      for await (const piece of pieces(run, () => body(input?.stream ?? given, run))) {
        if (streams) await run.onChainStream(piece);
        output.push(piece);
        yield piece;
      }
      isDone = true;
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      await (isDone ? run.onChainEnd(joined(output), lateInputs()) : run.onChainError(failure, lateInputs()));
    }
    return joined(output);
  }
  return callable(stream);
}

/** A model below the run around it, which gives each token as text and as the chunk of a message. */
export function chatModel(name: string, tokens: readonly string[], start: StartOptions = {}): Step {
  async function* stream(input: unknown = "hi"): AsyncGenerator<unknown, unknown> {
    const messages = [[{ type: "human", content: input }]];
    const [run] = await AsyncCallbackManager.configure().onChatModelStart({ name }, messages, start);
    for (const token of tokens) {
      await run?.onLLMNewToken(token, { chunk: { text: token, message: { type: "ai", content: token } } });
      yield token;
    }
    const text = tokens.join("");
    await run?.onLLMEnd({ generations: [[{ text, message: { type: "ai", content: text } }]] });
    return text;
  }
  return callable(stream);
}
