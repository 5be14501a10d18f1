import { CountingPort } from "./counting-port.ts";
import { nothing, type Peer } from "./peer.ts";
import { recordSenders } from "./records.ts";

/** The same records, each posted to one worker by structured clone. Nothing comes back but what is asked for. */
export async function postMessagePeer(): Promise<Peer> {
  const port = new CountingPort();
  await port.counts();
  return {
    name: "postMessage",
    isSlow: true,
    ...recordSenders((record) => {
      port.post(record);
      return nothing();
    }),
    delivered: async () => void (await port.counts()),
    counts: async () => [await port.counts()],
    close: () => port.close(),
  };
}
