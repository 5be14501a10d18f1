/*
 * The module that Piscina loads. It tries `require` first, and on Node 20 a thread that is terminated while
 * `require` reads an ES module takes the whole process with it; `import` does not.
 */
module.exports = async function openLane(setup: never) {
  const lane = await import("./open.ts");
  return lane.default(setup);
};
