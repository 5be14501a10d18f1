export const COLORS = 13;
const DASHES = ["", "6 3", "2 3", "9 3 2 3"];

/** How a peer is drawn, in every plot of a page the same. */
export interface PeerStyle {
  /** A class of the style sheet. */
  readonly color: string;
  readonly dash: string;
}

function familyOf(peer: string): string {
  return peer.split(",", 1)[0] ?? peer;
}

/** A colour for each family ("off-thread, 1 handler" and "off-thread, 8 handlers" are one), a dash for each of its members. */
export function peerStyles(peers: readonly string[]): (peer: string) => PeerStyle {
  const families = new Map<string, string[]>();
  for (const peer of new Set(peers)) {
    const members = families.get(familyOf(peer));
    if (members === undefined) families.set(familyOf(peer), [peer]);
    else members.push(peer);
  }
  const names = [...families.keys()];
  return (peer) => {
    const family = familyOf(peer);
    const member = families.get(family)?.indexOf(peer) ?? 0;
    return { color: `c${names.indexOf(family) % COLORS}`, dash: DASHES[member % DASHES.length] ?? "" };
  };
}
