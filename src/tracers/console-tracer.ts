import { BaseCallbackHandler } from "../handlers/base.ts";
export class ConsoleTracer extends BaseCallbackHandler {}
