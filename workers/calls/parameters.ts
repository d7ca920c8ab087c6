import type { ParameterType, ToolDeclaration } from '../../src/protocol/bind.js';
import { type JsonMember, type JsonType, readJson } from './json.js';
import { RequestRefused } from './refused.js';

/** The faults that one refusal names; more than that helps nobody. */
const MAX_FAULTS = 10;
const EMPTY = new TextEncoder().encode('{}');
const CLOSING_BRACE = 0x7d;

/**
 * Checks a tool's parameters against its declaration and fills in defaults.
 *
 * @param given one JSON object as text, UTF-8; empty for `{}`.
 * @returns one JSON object as text, UTF-8: the bytes given, with what was filled in at their end.
 * @throws RequestRefused naming faults by their paths.
 */
export function validateParameters(tool: ToolDeclaration, given: Uint8Array): Uint8Array {
  const bytes = given.length === 0 ? EMPTY : given;
  const faults = new Faults();
  const declared = new Map(tool.parameters.map((parameter) => [parameter.name, parameter]));
  const seen = new Set<string>();
  const type = readJson(bytes, (member) => {
    const parameter = declared.get(member.key);
    if (parameter === undefined) faults.add(member.key, `not declared; expected ${names(tool)}`);
    else if (seen.has(member.key)) faults.add(member.key, 'given more than once');
    else if (!fits(parameter.type, member)) {
      faults.add(member.key, `expected ${parameter.type}, found ${describe(member.type)}`);
    }
    seen.add(member.key);
  });
  if (type !== 'object') throw new RequestRefused(`parameters: expected one JSON object, found ${describe(type)}`);
  const filled: string[] = [];
  for (const { name, type: wanted, required, defaultValue } of tool.parameters) {
    if (seen.has(name)) continue;
    if (defaultValue !== undefined) filled.push(`${JSON.stringify(name)}:${defaultValue}`);
    else if (required) faults.add(name, `required, of type ${wanted}, and missing`);
  }
  faults.raise();
  return filled.length === 0 ? bytes : withMembers(bytes, filled, seen.size === 0);
}

/** Collects faults; a request with very many is refused at once. */
class Faults {
  readonly #found: string[] = [];

  add(name: string, fault: string): void {
    this.#found.push(`parameters.${name.slice(0, 64)}: ${fault}`);
    if (this.#found.length >= MAX_FAULTS) this.raise();
  }

  raise(): void {
    if (this.#found.length > 0) throw new RequestRefused(this.#found.join('; '));
  }
}

/** Members are put into the text as it stands: what the caller wrote, numbers above all, reaches the guest unchanged. */
function withMembers(object: Uint8Array, members: readonly string[], isEmpty: boolean): Uint8Array {
  const end = object.lastIndexOf(CLOSING_BRACE);
  return Buffer.concat([object.subarray(0, end), Buffer.from(`${isEmpty ? '' : ','}${members.join(',')}}`)]);
}

/** JSON has no infinity, but a number that is too large is read as one. */
function fits(wanted: ParameterType, { type, number }: JsonMember): boolean {
  if (wanted === 'integer') return type === 'number' && Number.isInteger(number);
  return type === wanted && (type !== 'number' || Number.isFinite(number));
}

function describe(type: JsonType | undefined): string {
  if (type === undefined) return 'no valid JSON';
  if (type === 'null') return 'null';
  return type === 'array' || type === 'object' ? `an ${type}` : `a ${type}`;
}

function names(tool: ToolDeclaration): string {
  return tool.parameters.length === 0 ? 'no parameters' : tool.parameters.map((parameter) => parameter.name).join(', ');
}
