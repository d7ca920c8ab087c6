import { readFileSync } from 'node:fs';
import { UsageError } from './fail.js';

/** One JSON object given as text or as `@FILE`; the text comes back as it was written. */
export function jsonObjectArgument(argument: string, option: string): string {
  const text = textOrFile(argument, option);
  const value = parseJson(text, option);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${option}: expected a JSON object such as '{"key": "value"}', found ${text.slice(0, 80)}`);
  }
  return text;
}

/** Text as it is given, or that of `@FILE`. */
export function textOrFile(argument: string, option: string): string {
  return argument.startsWith('@') ? readNamed(argument.slice(1), option) : argument;
}

/** Splits `key=value`. */
export function keyValue(argument: string, option: string): [string, string] {
  const at = argument.indexOf('=');
  if (at < 1) throw new UsageError(`${option}: expected key=value, found ${argument.slice(0, 80)}`);
  return [argument.slice(0, at), argument.slice(at + 1)];
}

export function parseJson(text: string, option: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${option}: expected JSON (text in double quotes): ${why}`);
  }
}

function readNamed(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `${option}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
