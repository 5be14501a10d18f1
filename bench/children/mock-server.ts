import { startMockServer } from "../../src/mock-server/server.ts";

/*
 * A model server in a process of its own, so that its work is not counted as the batch's.
 * Tells its URL, and ends when its parent lets go of it.
 */

const [recorded, tokensPerSecond] = process.argv.slice(2);
const server = await startMockServer({
  recorded,
  tokensPerSecond: tokensPerSecond === undefined ? undefined : Number(tokensPerSecond),
});
process.once("disconnect", () => void server.close());
process.send?.(server.url);
