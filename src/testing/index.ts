/*
 * `sidecall/testing`: what applications need to test their runs and handlers.
 */

export {
  type MockServer,
  type MockServerOptions,
  type MockServerStats,
  startMockServer,
} from "../mock-server/server.ts";
