/** A resolved promise, shared by methods that return one often. */
export const RESOLVED: Promise<void> = Promise.resolve();
