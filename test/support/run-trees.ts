import fc from "fast-check";
import { EVENT_INFO, type EventName } from "../../src/core/events.ts";
import { AsyncCallbackManager, type CallbackHandler, withContext } from "../../src/index.ts";
import type { ScriptedOptions } from "../fixtures/handlers.ts";

/*
 * Random trees of runs; `perform` runs one with real managers, `predict` computes what each handler must note of it.
 */

const KINDS = ["llm", "chat", "chain", "tool", "retriever"] as const;
type Kind = (typeof KINDS)[number];

/** One handler, by its number, added to the manager of a run. */
interface Added {
  readonly handler: number;
  readonly inherit: boolean;
}

export interface RunTree {
  readonly kind: Kind;
  readonly tag: string | undefined;
  readonly inheritedTag: string | undefined;
  readonly added: readonly Added[];
  readonly texts: number;
  readonly isError: boolean;
  /** Whether the runs below get their parent from the context, or from this run's `getChild`. */
  readonly isAmbient: boolean;
  readonly children: readonly RunTree[];
}

const tag = fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined });

export function runTrees(handlers: number): fc.Arbitrary<RunTree> {
  const added = fc.array(fc.record({ handler: fc.nat(handlers - 1), inherit: fc.boolean() }), {
    maxLength: 3,
  });
  const treeOf = (children: fc.Arbitrary<RunTree[]>): fc.Arbitrary<RunTree> =>
    fc.record({
      kind: fc.constantFrom(...KINDS),
      tag,
      inheritedTag: tag,
      added,
      texts: fc.nat(2),
      isError: fc.boolean(),
      isAmbient: fc.boolean(),
      children,
    });
  const tree: (depth?: number) => fc.Arbitrary<RunTree> = fc.memo<RunTree>((depth) =>
    treeOf(depth <= 1 ? fc.constant([]) : fc.array(tree(depth - 1), { maxLength: 3 })),
  );
  return tree(4);
}

const hasChildren = ({ kind }: RunTree) => kind !== "llm" && kind !== "chat";

/** Numbers the runs of a tree in the order in which they start, in `perform` and in `predict` alike. */
class Ids {
  readonly #prefix: string;
  #count = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  next(): string {
    this.#count += 1;
    return `${this.#prefix}-${this.#count}`;
  }
}

function start(manager: AsyncCallbackManager, kind: Kind, runId: string) {
  if (kind === "chain") return manager.onChainStart(null, {}, { runId });
  if (kind === "tool") return manager.onToolStart(null, "in", { runId });
  if (kind === "retriever") return manager.onRetrieverStart(null, "q", { runId });
  const started =
    kind === "llm"
      ? manager.onLLMStart(null, ["p"], { runId })
      : manager.onChatModelStart(null, [[{ role: "user", content: "hi" }]], { runId });
  return started.then(([run]) => run);
}

type Started = Awaited<ReturnType<typeof start>>;

function end(run: NonNullable<Started>, isError: boolean): Promise<void> {
  const error = new Error("failed");
  if ("onLLMEnd" in run) return isError ? run.onLLMError(error) : run.onLLMEnd({ generations: [] });
  if ("onChainEnd" in run) return isError ? run.onChainError(error) : run.onChainEnd({});
  if ("onToolEnd" in run) return isError ? run.onToolError(error) : run.onToolEnd("out");
  return isError ? run.onRetrieverError(error) : run.onRetrieverEnd([]);
}

/** Runs a tree with real managers; a run's children run one after the other. */
export async function perform(
  tree: RunTree,
  handlers: readonly CallbackHandler[],
  prefix: string,
): Promise<void> {
  const ids = new Ids(prefix);
  const ignore = () => undefined;

  const run = async (node: RunTree, manager: AsyncCallbackManager): Promise<void> => {
    for (const { handler, inherit } of node.added) {
      manager.addHandler(handlers[handler] as CallbackHandler, inherit);
    }
    if (node.tag !== undefined) manager.addTags([node.tag], false);
    if (node.inheritedTag !== undefined) manager.addTags([node.inheritedTag]);
    const started = await start(manager, node.kind, ids.next()).catch(ignore);
    if (started === undefined) return;
    for (let i = 0; i < node.texts; i += 1) await started.onText("text").catch(ignore);
    if ("getChild" in started) {
      for (const child of node.children) {
        const runChild = () =>
          run(child, node.isAmbient ? AsyncCallbackManager.configure() : started.getChild());
        await (node.isAmbient ? withContext({ run: started }, runChild) : runChild());
      }
    }
    await end(started, node.isError).catch(ignore);
  };
  await run(tree, new AsyncCallbackManager());
}

const START: Readonly<Record<Kind, EventName>> = {
  llm: "on_llm_start",
  chat: "on_chat_model_start",
  chain: "on_chain_start",
  tool: "on_tool_start",
  retriever: "on_retriever_start",
};

function endOf(kind: Kind, isError: boolean): EventName {
  const family = kind === "chat" ? "llm" : kind;
  return `on_${family}_${isError ? "error" : "end"}`;
}

interface Heirloom {
  readonly handlers: readonly number[];
  readonly tags: readonly string[];
  readonly parent: string;
}

/** Notes by handler, and failures that are reported, as `event runId`. */
export interface Expected {
  readonly notes: readonly string[][];
  readonly failures: string[];
}

const union = <T>(first: readonly T[], second: readonly T[]): T[] => [...new Set([...first, ...second])];
const defined = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

/** A simple second implementation of the rules: inheritance, flags, and the effect of a raised failure. */
export function predict(tree: RunTree, scripts: readonly ScriptedOptions[], prefix: string): Expected {
  const ids = new Ids(prefix);
  const expected: Expected = { notes: scripts.map(() => []), failures: [] };
  const traceId = `${prefix}-1`;

  /** Notes an event for its handlers. Returns false if one of them raises. */
  const dispatch = (event: EventName, runId: string, heirloom: Heirloom): boolean => {
    let isRaised = false;
    for (const handler of heirloom.handlers) {
      const { flags = [], failsAt = [], raiseError = false } = scripts[handler] ?? {};
      const { flag } = EVENT_INFO[event];
      if (flag !== undefined && flags.includes(flag)) continue;
      expected.notes[handler]?.push([event, runId, heirloom.parent, traceId, ...heirloom.tags].join(" "));
      if (!failsAt.includes(event)) continue;
      expected.failures.push(`${event} ${runId}`);
      isRaised ||= raiseError;
    }
    return !isRaised;
  };

  const run = (node: RunTree, inherited: Heirloom): void => {
    const runId = ids.next();
    const { parent } = inherited;
    const heirs = node.added.filter(({ inherit }) => inherit).map(({ handler }) => handler);
    const own = {
      parent,
      handlers: union(
        inherited.handlers,
        node.added.map(({ handler }) => handler),
      ),
      tags: union(inherited.tags, [...defined(node.tag), ...defined(node.inheritedTag)]),
    };
    const below = {
      parent: runId,
      handlers: union(inherited.handlers, heirs),
      tags: union(inherited.tags, defined(node.inheritedTag)),
    };
    if (!dispatch(START[node.kind], runId, own)) {
      dispatch(endOf(node.kind, true), runId, own);
      return;
    }
    for (let i = 0; i < node.texts; i += 1) dispatch("on_text", runId, own);
    if (hasChildren(node)) for (const child of node.children) run(child, below);
    dispatch(endOf(node.kind, node.isError), runId, own);
  };
  run(tree, { handlers: [], tags: [], parent: "" });
  return expected;
}
