import { z } from 'zod';

/** What a section about plugins has as its keys: a plugin's id, or `*` for all of them. */
export const pluginKey = z.string().regex(/^(\*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/);

/** @param expected what such a section holds, for who wrote something else */
export function pluginKeyFault(expected: string): (issue: { code?: string | undefined }) => string {
  return ({ code }) =>
    code === 'invalid_key' ? 'expected the id of a plugin (a UUID in lower case) or "*"' : expected;
}
