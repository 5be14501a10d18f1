/** The package's root, relative to the built benchmark in dist/. */
export const ROOT = new URL("../../../", import.meta.url);
