import { BaseCallbackHandler } from "./base.ts";
export class StdOutCallbackHandler extends BaseCallbackHandler {}
