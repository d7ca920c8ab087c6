import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import { HostError } from '../errors.js';

/** Aliases of a YAML file: a few are convenient, many multiply. */
const MAX_ALIASES = 100;
/** Characters of a key in a message. */
const MAX_KEY = 80;

/**
 * Reads a YAML (or JSON) file that the operator named.
 *
 * @param what For the message: `the configuration file`.
 * @returns undefined for an empty file.
 * @throws HostError CONFIG_INVALID
 */
export function readDocument(file: string, what: string): unknown {
  try {
    return parseYaml(readFileSync(file, 'utf8'), { maxAliasCount: MAX_ALIASES }) ?? undefined;
  } catch (error) {
    // The operator named this path; repeating it tells no secret.
    const why = error instanceof Error ? error.message : String(error);
    throw new HostError('CONFIG_INVALID', `${what} ${file} cannot be read: ${why}`, { cause: error });
  }
}

/** All faults that a schema finds in a document, each with its path: `tokens[0].roles: expected …`. */
export function documentFaults(schema: z.ZodType, document: unknown): string[] {
  const result = schema.safeParse(document);
  return result.success ? [] : result.error.issues.flatMap(faultsOf);
}

function faultsOf(issue: z.core.$ZodIssue): string[] {
  const at = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${pathText([...issue.path, key])}: unknown key`);
  }
  return [at === '' ? issue.message : `${at}: ${issue.message}`];
}

/** A key for a message. YAML makes one of any value, however large: the refusal stays one that can be read. */
export const shortened = (key: string): string => (key.length > MAX_KEY ? `${key.slice(0, MAX_KEY)}…` : key);

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${shortened(String(part))}`))
    .join('');
}

/** Collects refusals, to tell all of them at once. */
export class Faults {
  readonly #found: HostError[] = [];

  /** What the action gives; undefined where it was refused. */
  collect<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      this.#found.push(error);
      return undefined;
    }
  }

  /** Whether anything was refused. */
  get any(): boolean {
    return this.#found.length > 0;
  }

  /** @throws HostError with all messages, where something was refused. */
  raise(): void {
    const [first, ...more] = this.#found;
    if (first === undefined) return;
    if (more.length === 0) throw first;
    const same = more.every(({ reason }) => reason === first.reason);
    const message = this.#found.map((fault) => fault.message).join('; ');
    throw new HostError(same ? first.reason : 'CONFIG_INVALID', message);
  }
}
