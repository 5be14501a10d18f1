import { expect, test } from "vitest";
import { AsyncCallbackManager, type AsyncCallbackManagerForChainRun, offThread } from "../../src/index.ts";
import { Digest, Ledger } from "../fixtures/witnesses.ts";
import { hasRecorded, readRecorded, type ToolCall, type Trajectory } from "./recorded.ts";

const FILE = "tau-bench-airline-gpt-4o.json.gz";
const WITNESSES = new URL("../fixtures/witnesses.js", import.meta.url);

/** Pieces of three UTF-16 units: some cut a character beyond the basic plane in two. */
function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,3}/g) ?? [];
}

/** Replays one recorded answer as a model run; `texts` gets its text by run id. */
async function answer(
  chain: AsyncCallbackManagerForChainRun,
  { traj }: Trajectory,
  at: number,
  texts: Map<string, string>,
) {
  const message = traj[at];
  const [run] = await chain.getChild("model").onChatModelStart({ name: "gpt-4o" }, [traj.slice(0, at)]);
  if (run === undefined || message === undefined) throw new Error("no run");
  const text = typeof message.content === "string" ? message.content : "";
  // Tokens are not awaited: the end must not overtake them.
  for (const piece of pieces(text)) void run.onLLMNewToken(piece);
  await run.onLLMEnd({ generations: [[{ text, message }]] });
  texts.set(run.runId, text);
}

async function callTool(
  chain: AsyncCallbackManagerForChainRun,
  calls: Map<string, ToolCall>,
  message: Trajectory["traj"][number],
) {
  const call = calls.get(message.tool_call_id ?? "");
  const name = call?.function.name ?? "unknown";
  const run = await chain.getChild("tool").onToolStart({ name }, call?.function.arguments ?? "", {
    ...(message.tool_call_id === undefined ? {} : { toolCallId: message.tool_call_id }),
  });
  await run.onToolEnd(message.content);
}

async function replay(
  manager: AsyncCallbackManager,
  trajectory: Trajectory,
  texts: Map<string, string>,
): Promise<void> {
  const chain = await manager.onChainStart({ name: "conversation" }, trajectory.traj[0]);
  const calls = new Map<string, ToolCall>();
  for (const [at, message] of trajectory.traj.entries()) {
    if (message.role === "assistant") await answer(chain, trajectory, at, texts);
    if (message.role === "tool") await callTool(chain, calls, message);
    for (const call of message.tool_calls ?? []) calls.set(call.id, call);
  }
  await chain.onChainEnd({ messages: trajectory.traj.length });
}

interface Witnesses {
  digests(): [string, string][];
  texts(): [string, string][];
  entries(): [string, string[]][];
}

test.skipIf(!hasRecorded(FILE))(
  "three handlers on two lanes get 200 concurrent recorded conversations in order and unchanged",
  async () => {
    const handler = await offThread<Witnesses>(
      ["Digest", "Transcript", "Ledger"].map((name) => ({ module: WITNESSES, export: name })),
      { threads: 2 },
    );
    const digest = new Digest();
    const ledger = new Ledger();
    const manager = new AsyncCallbackManager();
    manager.setHandlers([handler, digest, ledger]);
    manager.addTags(["airline"]);
    const trajectories = readRecorded<Trajectory[]>(FILE);
    const texts = new Map<string, string>();
    await Promise.all(trajectories.map((trajectory) => replay(manager, trajectory, texts)));
    await handler.flush();

    const remote = async (name: string, method: keyof Witnesses) => {
      const results = await handler.remotes[name]?.[method]();
      return new Map<string, string | string[]>(results?.flat());
    };
    expect(trajectories).toHaveLength(200);
    expect(texts.size).toBe(2454);
    expect(await remote("Transcript", "texts")).toEqual(texts);
    expect(await remote("Ledger", "entries")).toEqual(new Map(ledger.entries()));
    expect(await remote("Digest", "digests")).toEqual(new Map(digest.digests()));
    const stats = handler.stats();
    expect(stats).toMatchObject({ dropped: 0, depth: 0, redelivered: 0 });
    expect(stats.handlers.map(({ failed }) => failed)).toEqual([0, 0, 0]);
    expect(stats.lanes.every(({ events }) => events > 0)).toBe(true);
    await handler.close();
  },
  120_000,
);
