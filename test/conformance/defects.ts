/**
 * A defect of the original that does not exist here. `text`: the behaviour here. Shown by `defect(id, …)` tests, or by
 * `shownBy`: "row 3", "defect 2.1.4", or "test/file.test.ts: title", where such a test exists. `reason`: why it cannot occur.
 */
export interface Defect {
  readonly id: string;
  readonly text: string;
  readonly shownBy?: readonly string[];
  readonly reason?: string;
}

const ITERATOR = "test/handlers/async-iterator.test.ts";
const FINAL_ITERATOR = "test/handlers/async-final-iterator.test.ts";
const ONE_LOOP = "there is one manager and one event loop";
const RECORDS = "a handler gets one record, whose fields have names";

// biome-ignore format: a table reads by its columns
/** Named by the sections of the study that found them: 2 dispatch, 3 managers, 4 token iterators, 5 tracers. */
const FOUND: readonly Defect[] = [
  { id: "1.1", text: "every handler gets a token in the same way, whatever it calls it", reason: RECORDS },
  { id: "1.2", text: "a chat start falls back to onLLMStart whatever else the event carries" },
  { id: "1.3", text: "a handler cannot change the tags and metadata that others see" },
  { id: "1.4", text: "a retry is dispatched before the events that follow it" },
  { id: "1.5", text: "an off-thread handler's changes to inputs reach neither the application nor handlers placed elsewhere" },
  { id: "2.1.1", text: "a handler whose flags cannot be read is reported or refused, and keeps no other from an event", shownBy: ["test/managers/managers.test.ts: a handler whose flags throw when they are read", "test/offthread/loading.test.ts: offThread rejects with a code when a handler cannot be loaded"] },
  { id: "2.1.4", text: "a handler with raiseError keeps no later handler from the event" },
  { id: "2.1.6", text: "asynchronous handlers take an event together, not one after another" },
  { id: "2.1.7", text: "an asynchronous handler does not block the event loop" },
  { id: "2.1.8", text: "raiseError counts for asynchronous handlers too" },
  { id: "2.1.9", text: "nested and concurrent dispatches never wait for one another's threads" },
  { id: "2.2.3", text: "a promise that a plain method returns is awaited" },
  { id: "2.2.4", text: "a raised error rejects the dispatch when every handler has settled" },
  { id: "2.2.5", text: "a handler that throws a cancellation does not cancel the caller" },
  { id: "2.2.6", text: "a slow handler off-thread does not slow the stream of tokens" },
  { id: "3.1.1", text: "a manager keeps lists of its own, not those that it was given" },
  { id: "3.1.2", text: "a tag that is added again stays where it is, and stays inheritable" },
  { id: "3.1.3", text: "a tag given twice in one call is there once" },
  { id: "3.1.4", text: "merging keeps the order of handlers and tags" },
  { id: "3.2.1", text: "a runInline handler keeps no other from its onLLMStart" },
  { id: "3.2.2", text: "a start refuses a parent id instead of ignoring it: the manager's counts" },
  { id: "3.2.3", text: "unknown options of a custom event are refused, with handlers and without" },
  { id: "3.2.4", text: "a handler that is added to a manager gets no events of runs that have begun" },
  { id: "3.3.1", text: "tool end and tool error are delivered under cancellation, as every end and error" },
  { id: "3.3.2", text: "context that a runInline handler writes at an end reaches the caller" },
  { id: "3.4.1", text: "a group has the handlers that it was given, tracing or not" },
  { id: "3.4.2", text: "a copy of a group does not end it twice" },
  { id: "3.4.3", text: "merging a group keeps own and inheritable apart, and inheritable metadata" },
  { id: "3.5.1", text: "a handler listed twice for configure is there once" },
  { id: "3.5.2", text: "a tag that is both inheritable and local stays inheritable" },
  { id: "3.5.3", text: "an unregistered configure hook is not called" },
  { id: "4.1", text: "no token is lost when the end overtakes the reader", shownBy: [`${ITERATOR}: a run that is over before its iteration begins loses nothing`, `${ITERATOR}: a consumer slower than the producer gets everything`] },
  { id: "4.2", text: "nothing of one run leaks into the next one's iteration", shownBy: [`${ITERATOR}: one handler serves many runs after each other`] },
  { id: "4.3", text: "the end of one of several parallel runs does not end the others' tokens", shownBy: [`${ITERATOR}: parallel runs do not mix`] },
  { id: "4.4", text: "an iteration that begins before its run waits for it, and a failure before it ends it", shownBy: [`${ITERATOR}: an iteration that begins before the run`, `${ITERATOR}: a root chain that fails before any model run`] },
  { id: "4.5", text: "an agent's later models are iterated too", shownBy: [`${ITERATOR}: an agent's model runs come as one iteration each`] },
  { id: "4.6", text: "an error ends the iteration by throwing it; the result is offered; leaving aborts the producer's signal", shownBy: [`${ITERATOR}: the run's own error ends its iteration`, `${ITERATOR}: the final result is offered beside the tokens`, `${ITERATOR}: leaving the loop aborts the signal`] },
  { id: "4.7", text: "a final-answer iteration without its prefix ends with its run", shownBy: [`${FINAL_ITERATOR}: an agent that never prints the prefix`] },
  { id: "5.1.1", text: "a tracer's memory does not grow with finished runs" },
  { id: "5.1.2", text: "a run that begins after its parent has ended is not lost" },
  { id: "5.1.3", text: "a run of an unknown parent is traced as a root, with its parent's id" },
  { id: "5.1.4", text: "tokens are counted, not kept one by one" },
  { id: "5.1.5", text: "a start under the id of an open run is reported, and loses neither" },
  { id: "5.1.6", text: "ends without a start, second ends and ends before children are reported, never thrown into the application" },
  { id: "5.1.7", text: "an end of another kind than its run's is refused, also for a chain" },
  { id: "5.2.1", text: "the event stream has error events" },
  { id: "5.2.2", text: "a reused run id does not end the event stream's events" },
  { id: "5.2.3", text: "the event stream's memory does not grow with runs that fail" },
  { id: "5.2.4", text: "the event stream is bounded" },
  { id: "5.3.1", text: "usage without a model's name is counted, and so is every generation's" },
  { id: "5.3.2", text: "a file handler reports every event that comes after its close", shownBy: ["test/handlers/file.test.ts: events after close are reported with a code, each of them"] },
];

/** Complaints of the original's users, in the order of the table; "#" are numbers of its own repository. */
// biome-ignore format: a table reads by its columns
const COMPLAINED: readonly Defect[] = [
  { id: "c1",  text: "#39633: a runInline handler keeps no other from its onLLMStart", shownBy: ["defect 3.2.1"] },
  { id: "c2",  text: "#19756: inputs are read once on the caller's thread, however many handlers there are off it" },
  { id: "c3",  text: "langsmith-sdk #882: tracing can run on a thread of its own", shownBy: ["test/tracers/json-lines-tracer.test.ts: several lanes append whole lines to one file"] },
  { id: "c4",  text: "#8728: work in onLLMNewToken does not slow the stream", shownBy: ["defect 2.2.6"] },
  { id: "c5",  text: "langfuse #8817: a blocking handler does not block the service at chain end" },
  { id: "c6",  text: "#8051: a handler can stop the run by its error", shownBy: ["defect 2.1.8"] },
  { id: "c7",  text: "#16913: the token callback fires before the token is handed on", reason: "the application calls its models and chooses the order" },
  { id: "c8",  text: "#31398, #17010: end events are delivered under cancellation, in the caller's context", shownBy: ["row 33"] },
  { id: "c9",  text: "#39163, #16004: a group's run ends when its client goes away", shownBy: ["row 35"] },
  { id: "c10", text: "#11769: an iteration does not end before all tokens have come", shownBy: ["defect 4.1"] },
  { id: "c11", text: "#9536: an iteration does not stop at the first model's end", shownBy: ["defect 4.5"] },
  { id: "c12", text: "#7499: a final-answer iteration ends for agents that call functions", shownBy: ["defect 4.7"] },
  { id: "c13", text: "#14898: the final response can be had from the iteration", shownBy: ["defect 4.6"] },
  { id: "c14", text: "#13344: the end of an iteration is not set by hand", shownBy: ["defect 4.4"] },
  { id: "c15", text: "#5229: a retry of the provider can be seen", shownBy: ["defect 1.4"] },
  { id: "c16", text: "#9798, #12917, #5074: an asynchronous handler is always awaited", shownBy: ["row 4", "defect 2.2.3"] },
  { id: "c17", text: "#9091: the iteration buffers, bounded", shownBy: [`${ITERATOR}: a full queue makes the run wait for its reader`] },
  { id: "c18", text: "Chainlit #1928: an asynchronous handler runs on the loop that it was made on", reason: ONE_LOOP },
  { id: "c19", text: "#30870: two ways of calling are not traced differently", reason: ONE_LOOP },
  { id: "c20", text: "#40501: a tracer keeps names and partial responses", shownBy: ["row 67"] },
  { id: "c21", text: "#18254 and others: events whose start was lost do no harm", shownBy: ["defect 5.1.6"] },
  { id: "c22", text: "#32300: the list of configure hooks does not grow", shownBy: ["row 53", "defect 3.5.3"] },
  { id: "c23", text: "opik #7516 and others: tracers do not keep runs that have ended", shownBy: ["defect 5.1.1"] },
  { id: "c24", text: "#40518: usage counts without a model's name", shownBy: ["defect 5.3.1"] },
  { id: "c25", text: "#38989: usage does not count on after the block threw", shownBy: ["row 54"] },
  { id: "c26", text: "#22227, #24642: a handler is called once per event, however it was given" },
  { id: "c27", text: "#32028: merging does not mix own and inheritable handlers", shownBy: ["row 23"] },
  { id: "c28", text: "#26885 and others: context set in callbacks is not lost", shownBy: ["row 30"] },
  { id: "c29", text: "#23811, #30222: nested runs find their parent", shownBy: ["row 78", "row 80"] },
  { id: "c30", text: "#36072: a run that replaces a failed child has the same parent" },
  { id: "c31", text: "#38468, #38469: a cancellation reaches the caller as itself, whatever handlers there are" },
  { id: "c32", text: "#30708: there is a tool error event in the event stream", shownBy: ["defect 5.2.1"] },
  { id: "c33", text: "#30779: an event takes no thread of its own", shownBy: ["defect 2.1.9"] },
  { id: "c34", text: "langsmith-sdk #2438: a flush with a time limit at exit", shownBy: ["test/offthread/lifecycle.test.ts: close rejects after timeoutMillis while a handler does not finish"] },
  { id: "c35", text: "#17185: events arrive live, not bunched at the end" },
];

// biome-ignore format: a table reads by its columns
/** (g) Defects of groups of handlers in the first version of this project. */
const GROUPS: readonly Defect[] = [
  { id: "g1", text: "none of several handlers can change the record that another gets" },
  { id: "g2", text: "every failure is reported under its own handler's name, a raised one too, once and in order" },
];

export const DEFECTS: readonly Defect[] = [...FOUND, ...COMPLAINED, ...GROUPS];
