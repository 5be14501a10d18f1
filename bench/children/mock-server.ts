import { startMockServer } from "../../src/mock-server/server.ts";

/*
 * Runs the mock server in a process of its own, so that its work does not count as the batch's. Sends its URL to the
 * parent and ends when the parent disconnects.
 */

const [recorded, tokensPerSecond] = process.argv.slice(2);
const server = await startMockServer({
  recorded,
  tokensPerSecond: tokensPerSecond === undefined ? undefined : Number(tokensPerSecond),
});
process.once("disconnect", () => void server.close());
process.send?.(server.url);
