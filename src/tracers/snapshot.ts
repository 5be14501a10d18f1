import { jsonText } from "../common/json-text.ts";

/**
 * Returns a copy that later changes by the application do not reach, and that can be cloned. A value that cannot be cloned
 * (functions, throwing getters, sockets in it) is copied by way of JSON. Never throws.
 */
export function snapshot(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") return null;
  if (typeof value !== "object" || value === null) return value;
  try {
    return structuredClone(value);
  } catch {
    return JSON.parse(jsonText(value));
  }
}
