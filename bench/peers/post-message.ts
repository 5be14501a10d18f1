import { nothing, type Peer } from "../harness/peer.ts";
import { CountingPort } from "./counting-port.ts";
import { recordSenders } from "./records.ts";

/** Posts the same records to one worker by structured clone. The worker posts nothing back but the counts. */
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
