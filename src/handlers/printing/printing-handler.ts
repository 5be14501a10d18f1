import { inspect } from "node:util";
import { attempt } from "../../common/attempt.ts";
import { isObject } from "../../common/json-object.ts";
import { jsonText } from "../../common/json-text.ts";
import { fill, type OptionsOf, optional } from "../../common/options.ts";
import { type Paint, plainText, type TextFormat } from "../../common/terminal.ts";
import { checkText, invalidOption } from "../../common/validate.ts";
import { type EventRecord, startName } from "../../core/events.ts";
import { isMessage } from "../../core/message-fields.ts";
import { messageText } from "../../core/message-text.ts";
import { snapshot } from "../../wire/codec.ts";
import { BaseCallbackHandler } from "../base.ts";

function checkColor(name: string, value: unknown): TextFormat {
  const isColor = typeof value === "string" && Object.hasOwn(inspect.colors, value);
  if (isColor) return value as TextFormat;
  throw invalidOption(name, "a format of util.styleText", value);
}

export const PRINTING_OPTIONS = {
  /** Colour of agents' logs, tools' outputs and texts: a format of `util.styleText`. @default none */
  color: optional(checkColor),
  /** Printed on a line of its own before a tool's output. @default nothing */
  observationPrefix: optional(checkText, ""),
  /** Printed on a line of its own after a tool's output. @default nothing */
  llmPrefix: optional(checkText, ""),
};
export type PrintingOptions = OptionsOf<typeof PRINTING_OPTIONS>;

function logOf(step: unknown): string {
  return isObject(step) && typeof step["log"] === "string" ? step["log"] : jsonText(snapshot(step));
}

/** A tool's output as text; of a message, its content. */
function outputText(output: unknown): string {
  if (typeof output === "string") return output;
  const content = attempt(() => isMessage(output)) === true ? messageText(output) : "";
  return content === "" ? jsonText(snapshot(output)) : content;
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
    const { color, observationPrefix, llmPrefix } = fill(PRINTING_OPTIONS, options);
    this.#paint = paint;
    this.#color = color;
    this.#beforeOutput = observationPrefix && `\n${observationPrefix}`;
    this.#afterOutput = llmPrefix && `\n${llmPrefix}`;
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
