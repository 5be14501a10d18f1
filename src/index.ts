/*
 * The way of an event, and of this package:
 *
 *   application → managers/ → dispatch → a handler inline, or
 *                                        offthread/ → wire/ → shared-memory/ ⇒ workers/ → the handler there
 */
export { type HandlerErrorHook, type HandlerFailure, onHandlerError } from "./dispatch.ts";
export { ERROR_CODES, type ErrorCode, SidecallError } from "./errors.ts";
export {
  type AnyEventRecord,
  type ChatMessage,
  EVENTS,
  type EventName,
  type EventRecord,
  type Generation,
  type LLMResult,
  type RetryState,
  type Serialized,
  type TokenIndex,
} from "./events.ts";
export type {
  CallbackHandler,
  CallbackManagerMixin,
  ChainManagerMixin,
  HandlerFlags,
  LLMManagerMixin,
  RetrieverManagerMixin,
  RunManagerMixin,
  ToolManagerMixin,
} from "./handler.ts";
export { AsyncCallbackHandler, BaseCallbackHandler } from "./handlers/base.ts";
export {
  AsyncCallbackManager,
  type Callbacks,
  type ConfigureOptions,
  type StartOptions,
  type ToolStartOptions,
} from "./managers/async-manager.ts";
export { BaseCallbackManager, type ManagerOptions } from "./managers/base-manager.ts";
export {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
} from "./managers/run-managers.ts";
