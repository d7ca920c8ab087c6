import type { ParameterType, ToolDeclaration } from '../../src/protocol/bind.js';
import { parseJson } from './json.js';
import { RequestRefused } from './refused.js';

/** The faults that one refusal names; more than that helps nobody. */
const MAX_FAULTS = 10;
const EMPTY = new TextEncoder().encode('{}');

/**
 * Checks a tool's parameters against its declaration and fills in defaults.
 *
 * @param given one JSON object as text, UTF-8; empty for `{}`.
 * @returns one JSON object as text, UTF-8: the bytes given when nothing was filled in.
 * @throws RequestRefused naming every fault by its path.
 */
export function validateParameters(tool: ToolDeclaration, given: Uint8Array): Uint8Array {
  const bytes = given.length === 0 ? EMPTY : given;
  const value = parseJson(bytes);
  if (!isObject(value)) throw new RequestRefused(`parameters: expected one JSON object, found ${describe(value)}`);
  const faults: string[] = [];
  const declared = new Map(tool.parameters.map((parameter) => [parameter.name, parameter]));
  for (const name of Object.keys(value)) {
    if (!declared.has(name)) faults.push(`parameters.${name.slice(0, 64)}: not declared; expected ${names(tool)}`);
  }
  let filled = false;
  for (const parameter of tool.parameters) {
    const found = Object.hasOwn(value, parameter.name) ? value[parameter.name] : undefined;
    if (found !== undefined) {
      if (!fits(parameter.type, found)) {
        faults.push(`parameters.${parameter.name}: expected ${parameter.type}, found ${describe(found)}`);
      }
    } else if (parameter.defaultValue !== undefined) {
      Object.defineProperty(value, parameter.name, { value: JSON.parse(parameter.defaultValue), enumerable: true });
      filled = true;
    } else if (parameter.required) {
      faults.push(`parameters.${parameter.name}: required, of type ${parameter.type}, and missing`);
    }
  }
  if (faults.length > 0) throw new RequestRefused(faults.slice(0, MAX_FAULTS).join('; '));
  return filled ? new TextEncoder().encode(JSON.stringify(value)) : bytes;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fits(type: ParameterType, value: unknown): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'no valid JSON';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function names(tool: ToolDeclaration): string {
  return tool.parameters.length === 0 ? 'no parameters' : tool.parameters.map((parameter) => parameter.name).join(', ');
}
