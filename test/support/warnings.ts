/** Collects the process warnings with which queues report their readers, while `body` runs. */
export async function collectWarnings(body: () => Promise<void>): Promise<string[]> {
  const messages: string[] = [];
  const note = (warning: Error) => {
    if (warning.name === "SidecallHandlerWarning") messages.push(warning.message);
  };
  process.on("warning", note);
  try {
    await body();
    // Warnings are emitted on the next tick.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("warning", note);
  }
  return messages;
}
