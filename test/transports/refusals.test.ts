import { expect, test } from "vitest";
import { EVENT_INFO } from "../../src/core/events.ts";
import { MAX_EVENT_BYTES, Refusals } from "../../src/transports/refusals.ts";

test("an event beyond the largest frame is refused with a code, and counts as failed for the handlers that want it", () => {
  const info = EVENT_INFO.on_tool_end;
  const handler = (interest: number) => ({ name: "h", interest, raiseError: false, misnamed: [] });
  const handlers = [handler(1 << info.code), handler(0)];
  const refusals = new Refusals();
  expect(refusals.check(info, MAX_EVENT_BYTES, handlers)).toBeUndefined();
  expect([refusals.events, refusals.failed(0)]).toEqual([0, 0]);
  expect(refusals.check(info, MAX_EVENT_BYTES + 1, handlers)).toMatchObject({
    code: "SIDECALL_EVENT_TOO_LARGE",
    message: expect.stringContaining("on_tool_end"),
  });
  expect([refusals.events, refusals.failed(0), refusals.failed(1)]).toEqual([1, 1, 0]);
});
