/*
 * The way of an event, and of this package:
 *
 *   application → managers/ → dispatch → a handler inline, or
 *                                        offthread/ → wire/ → shared-memory/ ⇒ workers/ → the handler there
 */

export { runBatch } from "./batch/batch.ts";
export type { BatchOptions } from "./batch/options.ts";
export type { BatchFailure, BatchProgress, BatchSummary, Quantiles } from "./batch/statistics.ts";
export { ERROR_CODES, type ErrorCode, SidecallError } from "./errors.ts";
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
  type StreamedRunContext,
  streamEvents,
} from "./event-stream/stream-events.ts";
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
export {
  type FailureReport,
  type HandlerErrorHook,
  type HandlerFailure,
  type ThrottledErrorLoggerOptions,
  throttledErrorLogger,
} from "./failure-log.ts";
export { onHandlerError } from "./failures.ts";
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
export {
  fileHandlerModule,
  inMemoryTracerModule,
  jsonLinesTracerModule,
  tokenStatisticsModule,
  usageMetadataModule,
} from "./handler-modules.ts";
export {
  AsyncFinalIteratorCallbackHandler,
  type AsyncFinalIteratorOptions,
} from "./handlers/async-final-iterator.ts";
export { AsyncIteratorCallbackHandler } from "./handlers/async-iterator.ts";
export { AsyncCallbackHandler, BaseCallbackHandler } from "./handlers/base.ts";
export { FileCallbackHandler, type FileHandlerOptions } from "./handlers/file.ts";
export type { FinalAnswerOptions } from "./handlers/final-answer.ts";
export {
  FinalStreamingStdOutCallbackHandler,
  type FinalStreamingStdOutOptions,
} from "./handlers/final-streaming-stdout.ts";
export { UNKNOWN_MODEL } from "./handlers/model-name.ts";
export type { PrintingOptions } from "./handlers/printing-handler.ts";
export { StdOutCallbackHandler, type StdOutOptions } from "./handlers/stdout.ts";
export { StreamingStdOutCallbackHandler, type StreamingStdOutOptions } from "./handlers/streaming-stdout.ts";
export type { AsyncIteratorOptions } from "./handlers/token-iteration-handler.ts";
export {
  createTokenStatistics,
  type ModelTokens,
  mergeTokenReports,
  type TokenEncoding,
  type TokenReport,
  type TokenStatistics,
  type TokenStatisticsOptions,
} from "./handlers/token-statistics.ts";
export type { TokenIteration } from "./handlers/token-stream.ts";
export {
  mergeUsageReports,
  UsageMetadataCallbackHandler,
  type UsageReport,
} from "./handlers/usage-metadata.ts";
export { AsyncCallbackManager } from "./managers/async-manager.ts";
export { BaseCallbackManager } from "./managers/base-manager.ts";
export {
  AsyncCallbackManagerForChainGroup,
  type ChainGroupOptions,
  startChainGroup,
  traceAsChainGroup,
} from "./managers/chain-group.ts";
export type { Callbacks, ConfigureOptions } from "./managers/configure.ts";
export { type CallbackContext, currentRun, withContext } from "./managers/context.ts";
export { type CustomEventConfig, dispatchCustomEvent } from "./managers/custom-event.ts";
export { type ConfigureHook, registerConfigureHook } from "./managers/hooks.ts";
export type { ManagerOptions, ParentRun } from "./managers/manager-options.ts";
export {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  AsyncParentRunManager,
  AsyncRunManager,
} from "./managers/run-managers.ts";
export { withRunCollector, withUsageMetadata } from "./managers/scopes.ts";
export type { LLMStartOptions, StartOptions, ToolStartOptions } from "./managers/start-options.ts";
export { noopRunManager } from "./managers/untold-run.ts";
export {
  type ModelDouble,
  type ModelDoubleOptions,
  type ModelDoubleStats,
  startModelDouble,
} from "./model-double/server.ts";
export { offThread } from "./offthread/off-thread.ts";
export { type CloseOptions, OffThreadHandler, type UntypedHandler } from "./offthread/off-thread-handler.ts";
export type { Completion, HandlerSpec, OffThreadOptions, Ordering, Overflow } from "./offthread/options.ts";
export type { OverheadStats } from "./offthread/overhead.ts";
export { STATS_CHANNEL } from "./offthread/overhead.ts";
export type { HandlerContext } from "./offthread/protocol.ts";
export type { Remote } from "./offthread/remote.ts";
export type { HandlerStats, LaneStats, OffThreadStats } from "./offthread/stats.ts";
export type { SharedTokens, TokenQueueOptions } from "./shared-memory/token-layout.ts";
export { TokenQueue } from "./shared-memory/token-queue.ts";
export { TokenReader } from "./shared-memory/token-reader.ts";
export type { TextFormat, TextStream } from "./terminal-colors.ts";
export { BaseTracer } from "./tracers/base-tracer.ts";
export { ConsoleTracer, type ConsoleTracerOptions } from "./tracers/console-tracer.ts";
export { InMemoryTracer } from "./tracers/in-memory-tracer.ts";
export { JsonLinesTracer, type JsonLinesTracerOptions } from "./tracers/json-lines-tracer.ts";
export { type RootListener, type RootListeners, RootListenersTracer } from "./tracers/root-listeners.ts";
export { RunCollector } from "./tracers/run-collector.ts";
export type { RunType } from "./tracers/run-head.ts";
export type { ExternalRun } from "./tracers/run-tree.ts";
export type { RunValues } from "./tracers/run-values.ts";
export type { TracedError } from "./tracers/traced-error.ts";
export type { TracedEvent, TracedRun } from "./tracers/traced-run.ts";
export type { TokenDetails, UsageMetadata } from "./usage.ts";
export { StandIn, type StandInReason } from "./wire/stand-in.ts";
