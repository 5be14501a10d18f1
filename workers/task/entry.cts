/* The module that Piscina loads: CommonJS, for the reason that ../lane/entry.cts gives. */
module.exports = {
  async handle(task: never) {
    const tasks = await import("./task.ts");
    return tasks.handle(task);
  },
  async load(request: never) {
    const tasks = await import("./task.ts");
    return tasks.load(request);
  },
};
