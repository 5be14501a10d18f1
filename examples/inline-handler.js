// A handler on the caller's own thread: it prints every token as it comes.
import { AsyncCallbackManager, BaseCallbackHandler } from "sidecall";

class Printer extends BaseCallbackHandler {
  onChatModelStart({ messages }) {
    process.stdout.write(`${messages[0].at(-1).content}\n> `);
  }
  onLLMNewToken({ token }) {
    process.stdout.write(token);
  }
  onLLMEnd({ response }) {
    process.stdout.write(`\n(${response.generations[0][0].text.length} characters)\n`);
  }
}

const manager = new AsyncCallbackManager({ handlers: [new Printer()], tags: ["example"] });
const [run] = await manager.onChatModelStart({ name: "parrot" }, [
  [{ role: "user", content: "Say it again, please." }],
]);
for (const token of ["Say", " it", " again,", " please."]) await run.onLLMNewToken(token);
await run.onLLMEnd({ generations: [[{ text: "Say it again, please." }]] });
