import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AsyncCallbackManager, offThread } from "../../src/index.ts";
import { fixture } from "../fixtures/modules.ts";
import { collectFailures } from "../placements.ts";

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

test("every event is handled or fails, in the order of its trace, while threads die at random", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(3), fc.constantFrom("now", "now", "now", "later", "exit")), { maxLength: 60 }),
      async (events) => {
        const path = join(mkdtempSync(join(tmpdir(), "sidecall-")), "chronicle");
        writeFileSync(path, "");
        const specs = [fixture("TraceFileWriter", { path }), fixture("Recorder")];
        const handler = await offThread(specs, { threads: 2, ringBytes: 1024, acknowledge: "queued" });
        const manager = new AsyncCallbackManager({ handlers: [handler] });
        const chains = await Promise.all([0, 1, 2, 3].map((i) => manager.onChainStart(null, i)));
        const failures = await collectFailures(async () => {
          for (const [i, [chain, text]] of events.entries()) void chains[chain]?.onText(`${i} ${text}`);
          await handler.flush();
        });
        const { handlers, ...stats } = handler.stats();
        await handler.close();
        const fatal = events.filter(([, text]) => text === "exit").length;
        expect(failures).toHaveLength(2 * fatal);
        expect(stats).toMatchObject({ events: 4 + events.length, dropped: 0, depth: 0 });
        expect(handlers).toMatchObject([
          { handled: events.length - fatal, failed: fatal },
          { handled: 4 + events.length - fatal, failed: fatal },
        ]);
        // An event may be handled again after a death, but only before a later one of its trace is.
        const lines = readFileSync(path, "utf8").trim().split("\n").filter(Boolean);
        for (const [c, { traceId }] of chains.entries()) {
          const seen = lines
            .filter((line) => line.startsWith(traceId))
            .map((line) => Number(line.split(" ")[1]));
          const sent = events.flatMap(([chain, text], i) => (chain === c && text !== "exit" ? [i] : []));
          expect([...new Set(seen)]).toEqual(sent);
        }
      },
    ),
    { numRuns: 12, seed: 7 },
  );
}, 120_000);
