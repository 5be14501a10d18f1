import { isObject } from "../common/json-object.ts";
import { contentText } from "../core/message-text.ts";
import type { Answer, ToolCall } from "./answer.ts";
import { digest, pick, randomFrom } from "./random.ts";
import type { ChatRequest, ToolDefinition } from "./request.ts";

type Random = () => number;

const OPENINGS = ["In short,", "Broadly,", "As a rule,", "To begin with,", "Seen closely,", "Most often,"];
const SUBJECTS = [
  "the first step",
  "a careful reader",
  "the usual answer",
  "this approach",
  "a small team",
  "the naïve plan",
];
const VERBS = ["depends on", "gains from", "leaves out", "starts with", "pays for", "comes back to"];
const OBJECTS = [
  "clear notes",
  "one good example",
  "the costs ☕",
  "time and patience",
  "a second look 🔎",
  "plain words",
];
const CLOSINGS = [
  ".",
  ", and that is often enough.",
  ", which is easy to test.",
  "; the rest follows.",
  ", whatever the season.",
];

const TOOL_SHARE = 0.6;
const MAX_SENTENCES = 9;

function sentence(random: Random): string {
  const words = [OPENINGS, SUBJECTS, VERBS, OBJECTS].map((list) => pick(random, list, ""));
  return words.join(" ") + pick(random, CLOSINGS, ".");
}

function prose(request: ChatRequest, random: Random): string {
  const question = request.messages.findLast((message) => message.role === "user");
  const topic = contentText(question?.["content"]).split(/\s+/).slice(0, 6).join(" ");
  const sentences = Array.from({ length: 1 + Math.floor(random() * MAX_SENTENCES) }, () => sentence(random));
  return `On “${topic}”: ${sentences.join(" ")}`;
}

/** Makes a value that fits a JSON schema's type; an unknown type gets a word. */
function valueFor(schema: unknown, random: Random): unknown {
  if (!isObject(schema)) return "value";
  if (Array.isArray(schema["enum"])) return pick<unknown>(random, schema["enum"], null);
  switch (schema["type"]) {
    case "integer":
      return Math.floor(random() * 100);
    case "number":
      return Math.floor(random() * 1000) / 10;
    case "boolean":
      return random() < 0.5;
    case "array":
      return [valueFor(schema["items"], random)];
    case "object":
      return isObject(schema["properties"])
        ? Object.fromEntries(
            Object.entries(schema["properties"]).map(([name, property]) => [
              name,
              valueFor(property, random),
            ]),
          )
        : {};
    default:
      return pick(random, ["Lisbon", "tomorrow", "green tea", "order 66", "Dr. Adeyemi"], "value");
  }
}

function chosenTool(request: ChatRequest, random: Random): ToolDefinition | undefined {
  const { tools, toolChoice } = request;
  if (tools.length === 0 || toolChoice === "none") return undefined;
  const named =
    isObject(toolChoice) && isObject(toolChoice["function"]) ? toolChoice["function"]["name"] : undefined;
  if (named !== undefined) return tools.find((tool) => tool.name === named);
  const answered = request.messages.at(-1)?.role === "tool";
  const wanted = toolChoice === "required" || (!answered && random() < TOOL_SHARE);
  return wanted ? pick<ToolDefinition | undefined>(random, tools, undefined) : undefined;
}

/** Generates an answer from seed, request and number of the choice: equal input, equal answer. */
export function generateAnswer(request: ChatRequest, seed: string, choice: number): Answer {
  const random = randomFrom("answer", seed, request.key, String(choice));
  const tool = chosenTool(request, random);
  if (tool === undefined) return { content: prose(request, random), toolCalls: [] };
  const args = valueFor({ type: "object", ...(isObject(tool.parameters) ? tool.parameters : {}) }, random);
  const call: ToolCall = {
    id: `call_${digest("call", seed, request.key, String(choice))}`,
    name: tool.name,
    arguments: JSON.stringify(args),
  };
  return { content: null, toolCalls: [call] };
}
