import { v7 as uuidv7 } from "uuid";
import type { ErrorCode } from "../common/errors.ts";
import type { MalformedLine } from "./request.ts";

/** One line of the output, in OpenAI's Batch format; `error.line` is the input's line, from 1. */
export interface BatchRecord {
  readonly id: string;
  readonly custom_id: string | null;
  readonly response: BatchResponse | null;
  readonly error: BatchError | null;
}

export interface BatchResponse {
  readonly status_code: number;
  readonly request_id: string | null;
  /** A chat completion; the server's error body for a status that is no success. */
  readonly body: unknown;
}

interface BatchError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly line: number;
}

function recordId(): string {
  return `batch_req_${uuidv7().replaceAll("-", "")}`;
}

export function responseRecord(customId: string, response: BatchResponse): BatchRecord {
  return { id: recordId(), custom_id: customId, response, error: null };
}

export function errorRecord(customId: string | null, error: BatchError): BatchRecord {
  return { id: recordId(), custom_id: customId, response: null, error };
}

export function malformedRecord({ line, customId, problem }: MalformedLine): BatchRecord {
  const message = `Line ${line} is not a request: ${problem}`;
  return errorRecord(customId, { code: "SIDECALL_BATCH_LINE", message, line });
}
