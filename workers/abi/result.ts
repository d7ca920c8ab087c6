import type { PluginError } from './generated/types.js';

/** WIT's `result<T, E>`; `void` where it carries nothing. */
export type Result<T, E = PluginError> = { ok: true; value: T } | { ok: false; error: E };
