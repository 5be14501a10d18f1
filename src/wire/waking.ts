/*
 * The times of the waking protocol. Both of its sides open with its state diagram: workers/lane/wait.ts and
 * src/transports/lanes/release-poll.ts. The states are words of the ring; src/shared-memory/layout.ts says which order of
 * stores and looks makes them safe.
 */

/** After work a lane naps this often before it sleeps: it looks again by itself, which costs the main thread no waking. */
export const NAPS = 5;
export const NAP_MILLIS = 4;

/** A woken lane looks this long for what it was woken for: by then it is encoded, or far off. */
export const SPIN_MILLIS = 0.5;

/** The main thread polls this long: what waking a lane and a quick handler take. A message would take as long again. */
export const POLL_MILLIS = 0.3;
/** After n polls in vain, one after the other, 2^n - 1 waits go without one. This bounds n. */
export const MAX_POLL_MISSES = 6;

/** Tokens that follow one another more closely than this are published together, and wake the lane once. */
export const CLOSE_MILLIS = 0.05;
/** At most so many tokens wait for one another. */
export const MAX_BATCH_TOKENS = 32;
