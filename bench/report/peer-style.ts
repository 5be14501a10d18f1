export const COLORS = 13;
const DASHES = ["", "6 3", "2 3", "9 3 2 3"];

/** How a peer is drawn, the same in every plot of a page. */
export interface PeerStyle {
  /** Class in the style sheet. */
  readonly color: string;
  readonly dash: string;
}

function familyOf(peer: string): string {
  return peer.split(",", 1)[0] ?? peer;
}

/**
 * Gives each family of peers a colour and each member of it a dash; "off-thread, 1 handler" and "off-thread, 8
 * handlers" are one family.
 */
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
