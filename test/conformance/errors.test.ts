import { expect } from "vitest";
import { AsyncCallbackManager, type HandlerFailure, onHandlerError } from "../../src/index.ts";
import { ERRORS, type ErrorKind } from "../fixtures/handlers/erring.ts";
import { PLACEMENTS } from "../placements.ts";
import { withPlaced } from "./placed.ts";
import { other } from "./row.ts";

/** The failures of `send`, once there are as many as it causes. */
async function failuresOf(count: number, send: () => Promise<void>): Promise<HandlerFailure[]> {
  const failures: HandlerFailure[] = [];
  let previous: ReturnType<typeof onHandlerError> | undefined;
  const all = new Promise<void>((resolve) => {
    previous = onHandlerError((failure) => {
      if (failures.push(failure) === count) resolve();
    });
  });
  await send();
  await all;
  onHandlerError(previous);
  return failures;
}

other("er1", PLACEMENTS, (placement) =>
  withPlaced(placement, ["Erring"], async (placed) => {
    const kinds = Object.keys(ERRORS) as ErrorKind[];
    const run = await new AsyncCallbackManager({ handlers: [placed.handler] }).onChainStart(null, {});
    const failures = await failuresOf(kinds.length, async () => {
      for (const kind of kinds) await run.onText(kind);
      await placed.flush();
    });
    const seen = failures.map(({ error }) => error as Error);
    const wanted = kinds.map((kind): Error => ERRORS[kind]());
    const described = (error: Error) => [
      error.constructor.name,
      error.name,
      error.message,
      Reflect.get(error, "code"),
      { ...error },
      (error.cause as Error | undefined)?.message,
      error instanceof AggregateError ? error.errors.map((each: Error) => each.constructor.name) : [],
    ];
    const inOrder = (errors: Error[]) =>
      errors.map(described).sort((a, b) => String(a[2]).localeCompare(String(b[2])));
    expect(inOrder(seen)).toEqual(inOrder(wanted));
  }),
);
