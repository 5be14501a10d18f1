import { inspect } from "node:util";
import { isObject } from "../../common/json-object.ts";
import { jsonText } from "../../common/json-text.ts";
import { type Paint, plainText, type TextFormat } from "../../common/terminal.ts";
import { invalidOption } from "../../common/validate.ts";
import { type EventRecord, startName } from "../../core/events.ts";
import { contentText } from "../../core/message-text.ts";
import { BaseCallbackHandler } from "../base.ts";

export interface PrintingOptions {
  /** Colour of agents' logs, tools' outputs and texts, a format of `util.styleText`. @default none */
  readonly color?: TextFormat;
  /** Printed on a line of its own before a tool's output. @default nothing */
  readonly observationPrefix?: string;
  /** Printed on a line of its own after a tool's output. @default nothing */
  readonly llmPrefix?: string;
}

export const PRINTING_KEYS = [
  "color",
  "observationPrefix",
  "llmPrefix",
] as const satisfies (keyof PrintingOptions)[];

function checkText(name: string, value: string): string {
  if (typeof value !== "string") throw invalidOption(name, "a string", value);
  return value;
}

function checkColor(color: TextFormat | undefined): TextFormat | undefined {
  if (color === undefined || Object.hasOwn(inspect.colors, color)) return color;
  throw invalidOption("color", "a format of util.styleText", color);
}

function logOf(step: unknown): string {
  return isObject(step) && typeof step["log"] === "string" ? step["log"] : jsonText(step);
}

/** A tool's output as text; of a message, its content. */
function outputText(output: unknown): string {
  if (typeof output === "string") return output;
  const content = isObject(output) ? contentText(output["content"]) : "";
  return content === "" ? jsonText(output) : content;
}

/** Writes sentences for people about chains, agents and tools. Subclasses choose where these go. */
export abstract class PrintingHandler extends BaseCallbackHandler {
  readonly #paint: Paint;
  readonly #color: TextFormat | undefined;
  readonly #beforeOutput: string;
  readonly #afterOutput: string;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: PrintingOptions, paint: Paint = plainText) {
    super();
    const { color, observationPrefix = "", llmPrefix = "" } = options;
    this.#paint = paint;
    this.#color = checkColor(color);
    this.#beforeOutput = checkText("observationPrefix", observationPrefix) && `\n${observationPrefix}`;
    this.#afterOutput = checkText("llmPrefix", llmPrefix) && `\n${llmPrefix}`;
  }

  /** Called once per event, with its whole text. */
  protected abstract print(text: string): unknown;

  override onChainStart(record: EventRecord<"on_chain_start">): unknown {
    const entering = `> Entering new ${startName(record) ?? "<unknown>"} chain...`;
    return this.print(`\n\n${this.#paint("bold", entering)}\n`);
  }

  override onChainEnd(_: EventRecord<"on_chain_end">): unknown {
    return this.print(`\n${this.#paint("bold", "> Finished chain.")}\n`);
  }

  override onAgentAction({ action }: EventRecord<"on_agent_action">): unknown {
    return this.print(this.#colored(logOf(action)));
  }

  override onAgentFinish({ finish }: EventRecord<"on_agent_finish">): unknown {
    return this.print(`${this.#colored(logOf(finish))}\n`);
  }

  override onToolEnd({ output }: EventRecord<"on_tool_end">): unknown {
    return this.print(`${this.#beforeOutput}${this.#colored(outputText(output))}${this.#afterOutput}`);
  }

  override onText({ text }: EventRecord<"on_text">): unknown {
    // Plain JavaScript may pass any value.
    return this.print(this.#colored(String(text)));
  }

  #colored(text: string): string {
    return this.#color === undefined ? text : this.#paint(this.#color, text);
  }
}
