import type { ParameterType, ToolDeclaration } from '../../src/protocol/bind.js';
import { parseJson, repeatedKeys } from './json.js';
import { RequestRefused } from './refused.js';

/** The faults that one refusal names; more than that helps nobody. */
const MAX_FAULTS = 10;
const EMPTY = new TextEncoder().encode('{}');
const CLOSING_BRACE = 0x7d;

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
  const faults = repeatedKeys(bytes).map((name) => `parameters.${name.slice(0, 64)}: given more than once`);
  const declared = new Map(tool.parameters.map((parameter) => [parameter.name, parameter]));
  for (const name of Object.keys(value)) {
    if (!declared.has(name)) faults.push(`parameters.${name.slice(0, 64)}: not declared; expected ${names(tool)}`);
  }
  const filled: string[] = [];
  for (const parameter of tool.parameters) {
    const found = Object.hasOwn(value, parameter.name) ? value[parameter.name] : undefined;
    if (found !== undefined) {
      if (!fits(parameter.type, found)) {
        faults.push(`parameters.${parameter.name}: expected ${parameter.type}, found ${describe(found)}`);
      }
    } else if (parameter.defaultValue !== undefined) {
      filled.push(`${JSON.stringify(parameter.name)}:${parameter.defaultValue}`);
    } else if (parameter.required) {
      faults.push(`parameters.${parameter.name}: required, of type ${parameter.type}, and missing`);
    }
  }
  if (faults.length > 0) throw new RequestRefused(faults.slice(0, MAX_FAULTS).join('; '));
  return filled.length === 0 ? bytes : withMembers(bytes, filled, Object.keys(value).length === 0);
}

/** Members are put into the text as it stands: what the caller wrote, numbers above all, reaches the guest unchanged. */
function withMembers(object: Uint8Array, members: readonly string[], isEmpty: boolean): Uint8Array {
  const end = object.lastIndexOf(CLOSING_BRACE);
  return Buffer.concat([object.subarray(0, end), Buffer.from(`${isEmpty ? '' : ','}${members.join(',')}}`)]);
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
    case 'number':
      // JSON has no infinity, but a number that is too large is read as one.
      return Number.isFinite(value);
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
