/*
 * The way of an event, and of this package:
 *
 *   application → managers/ → dispatch → a handler inline, or
 *                                        offthread/ → transports/ → shared-memory/ ⇒ workers/ → the handler there
 */

export { ERROR_CODES, type ErrorCode, SidecallError } from "./common/errors.ts";
export type { TextFormat, TextStream } from "./common/terminal.ts";
export { type AnyEventRecord, EVENTS, type EventName, type EventRecord } from "./core/events.ts";
export {
  type FailureReport,
  type HandlerErrorHook,
  type HandlerFailure,
  type ThrottledErrorLoggerOptions,
  throttledErrorLogger,
} from "./core/failure-log.ts";
export { onHandlerError } from "./core/failures.ts";
export type {
  CallbackHandler,
  CallbackManagerMixin,
  ChainManagerMixin,
  HandlerContext,
  HandlerFlags,
  HandlerModule,
  LLMManagerMixin,
  RetrieverManagerMixin,
  RunManagerMixin,
  ToolManagerMixin,
} from "./core/handler.ts";
export type {
  ChatMessage,
  ChatMessageInput,
  Generation,
  LLMResult,
  LLMResultInput,
  RetryState,
  RetryStateInput,
  Serialized,
  SerializedInput,
  TokenContent,
  TokenIndex,
} from "./core/payloads.ts";
export type { StreamEventFilters } from "./event-stream/event-filter.ts";
export type { EventStream } from "./event-stream/event-stream.ts";
export type {
  CustomStreamEvent,
  RunEventData,
  RunStreamEvent,
  StreamEvent,
} from "./event-stream/stream-event.ts";
export {
  type StreamEventsOptions,
  type StreamedResult,
  type StreamedRunContext,
  streamEvents,
} from "./event-stream/stream-events.ts";
export {
  createTokenStatistics,
  type ModelTokens,
  mergeTokenReports,
  type TokenEncoding,
  type TokenReport,
  type TokenStatistics,
  type TokenStatisticsOptions,
} from "./handlers/accounting/token-statistics.ts";
export {
  mergeUsageReports,
  UsageMetadataCallbackHandler,
  type UsageReport,
} from "./handlers/accounting/usage-metadata.ts";
export { AsyncCallbackHandler, BaseCallbackHandler } from "./handlers/base.ts";
export type { Choices } from "./handlers/choices.ts";
export type { FinalAnswerOptions } from "./handlers/final-answer.ts";
export {
  AsyncFinalIteratorCallbackHandler,
  type AsyncFinalIteratorOptions,
} from "./handlers/iterators/async-final-iterator.ts";
export { AsyncIteratorCallbackHandler } from "./handlers/iterators/async-iterator.ts";
export type { TokenIteration } from "./handlers/iterators/token-iteration.ts";
export type { AsyncIteratorOptions } from "./handlers/iterators/token-iteration-handler.ts";
export {
  fileHandlerModule,
  tokenStatisticsModule,
  usageMetadataModule,
} from "./handlers/modules.ts";
export { FileCallbackHandler, type FileHandlerOptions } from "./handlers/printing/file.ts";
export {
  FinalStreamingStdOutCallbackHandler,
  type FinalStreamingStdOutOptions,
} from "./handlers/printing/final-streaming-stdout.ts";
export type { PrintingOptions } from "./handlers/printing/printing-handler.ts";
export { StdOutCallbackHandler, type StdOutOptions } from "./handlers/printing/stdout.ts";
export {
  StreamingStdOutCallbackHandler,
  type StreamingStdOutOptions,
} from "./handlers/printing/streaming-stdout.ts";
export type { TokenDetails, UsageMetadata } from "./llm/counts.ts";
export { UNKNOWN_MODEL } from "./llm/model-name.ts";
export { AsyncCallbackManager } from "./managers/async-manager.ts";
export { BaseCallbackManager } from "./managers/base-manager.ts";
export { AsyncRunManager } from "./managers/base-run-manager.ts";
export type { Callbacks } from "./managers/callbacks.ts";
export {
  AsyncCallbackManagerForChainGroup,
  type ChainGroupOptions,
  startChainGroup,
  traceAsChainGroup,
} from "./managers/chain-group.ts";
export type { ConfigureOptions } from "./managers/configure.ts";
export {
  type CallbackContext,
  type CustomEventConfig,
  currentRun,
  dispatchCustomEvent,
  withContext,
} from "./managers/context.ts";
export { type ConfigureHook, registerConfigureHook } from "./managers/hooks.ts";
export type { ManagerOptions, ParentRun } from "./managers/manager-options.ts";
export {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  AsyncParentRunManager,
  type ChildManager,
} from "./managers/run-managers.ts";
export { withRunCollector, withUsageMetadata } from "./managers/scopes.ts";
export { noopRunManager } from "./managers/silent-run.ts";
export type { LLMStartOptions, StartOptions, ToolStartOptions } from "./managers/start-options.ts";
export { type BodyRunKind, type RunOptions, type RunStarts, withRun } from "./managers/with-run.ts";
export { offThread } from "./offthread/off-thread.ts";
export type { CloseOptions, OffThreadHandler } from "./offthread/off-thread-handler.ts";
export type { ChoiceToken, SharedTokens, TokenItem, TokenQueueOptions } from "./token-queue/layout.ts";
export { TokenQueue } from "./token-queue/queue.ts";
export { TokenReader } from "./token-queue/reader.ts";
export { BaseTracer } from "./tracers/base-tracer.ts";
export { ConsoleTracer, type ConsoleTracerOptions } from "./tracers/console-tracer.ts";
export { InMemoryTracer } from "./tracers/in-memory-tracer.ts";
export { JsonLinesTracer, type JsonLinesTracerOptions } from "./tracers/json-lines-tracer.ts";
export { inMemoryTracerModule, jsonLinesTracerModule } from "./tracers/modules.ts";
export { type RootListener, type RootListeners, RootListenersTracer } from "./tracers/root-listeners.ts";
export type { RunType } from "./tracers/run-head.ts";
export type { ExternalRun } from "./tracers/run-tree.ts";
export type { RunValues } from "./tracers/run-values.ts";
export type { TracedError } from "./tracers/traced-error.ts";
export type { TracedEvent, TracedRun } from "./tracers/traced-run.ts";
export type { Acknowledge, HandlerSpec, OffThreadOptions, Ordering, Overflow } from "./transports/options.ts";
export type { OverheadStats } from "./transports/overhead.ts";
export { STATS_CHANNEL } from "./transports/overhead.ts";
export type { Remote, RemotesOf, UntypedHandler } from "./transports/remote.ts";
export type { HandlerStats, LaneStats, OffThreadStats } from "./transports/stats.ts";
export type { ValueLimits } from "./values/limits.ts";
export { StandIn, type StandInReason } from "./values/stand-in.ts";
