/** The package's root, seen from the built benchmark. */
export const ROOT = new URL("../../../", import.meta.url);
