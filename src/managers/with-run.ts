import { jsonText } from "../common/json-text.ts";
import { check, type OptionsOf, type OptionTable, optional, resolve, text, unchecked } from "../common/options.ts";
import { checkOneOf, checkText, invalidOption } from "../common/validate.ts";
import type { ChatMessage, Serialized } from "../core/payloads.ts";
import { AsyncCallbackManager } from "./async-manager.ts";
import { answerOf, documentsOf } from "./body-results.ts";
import { checkBody } from "./context.ts";
import { BODY_OPTIONS, configureOptions, failTogether, runBody, unlessUnawaited } from "./run-body.ts";
import type {
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
} from "./run-managers.ts";
import { START_OPTIONS } from "./start-options.ts";

