import { jsonText } from "../common/json-text.ts";

/**
 * A value as it is now: what the application changes afterwards does not change it, and it can be cloned. What cannot be
 * cloned (functions, throwing getters, sockets) comes as JSON has it. Never throws.
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
