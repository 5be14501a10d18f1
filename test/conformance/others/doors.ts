import type { Other } from "./other.ts";

const DOORS_TEST = "test/managers/handlers-at-the-door.test.ts";
const TYPES = "test/declarations.test.ts";

// biome-ignore format: a table reads by its columns
export const DOORS: readonly Other[] = [
  { id: "h1", text: "a handler whose methods are LangChain's is refused, and the message gives each method's name here", source: "sullivan-sean/chat-langchainjs#18" },
  { id: "h2", text: "a handler that can get no event is refused at every place where one is given, and by threads", source: "langchain-ai/langchainjs#5434", shownBy: [`${DOORS_TEST}: a handler that can get no event is refused`, `${DOORS_TEST}: threads refuse the same handlers`] },
  { id: "h3", text: "a misspelt method beside right ones causes a warning with the nearest name", source: "algolia/search-insights.js#237", shownBy: [`${DOORS_TEST}: a method that is named like an event's and is none`] },
  { id: "h4", text: "interfaces of applications and of LangChain's and OpenAI's libraries fit as messages, metadata and results", source: "microsoft/TypeScript#44628", shownBy: [`${TYPES}: applications' own types, and those of LangChain and OpenAI, fit`] },
];
