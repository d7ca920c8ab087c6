import type { ToolDeclaration } from '../../src/protocol/bind.js';
import { decodeInvokeToolRequest } from '../../src/protocol/codec.js';
import { encodeErrorField } from '../../src/protocol/outcomes.js';
import { sizeUint32, WireError, writeUint32 } from '../../src/protocol/wire.js';
import { type Guest, GuestViolation } from '../abi/guest.js';
import type { Answer } from './caller.js';
import { isJson } from './json.js';
import { validateParameters } from './parameters.js';
import { RequestRefused } from './refused.js';
import { errorFromGuest } from './signal.js';

const VALUE_TAG = (5 << 3) | 2;

/** The tools that a plugin's manifest declares, by name. */
export class ToolTable {
  readonly #tools: ReadonlyMap<string, ToolDeclaration>;

  constructor(tools: readonly ToolDeclaration[]) {
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
  }

  get(name: string): ToolDeclaration | undefined {
    return this.#tools.get(name);
  }
}

/** Validates the parameters of an InvokeToolRequest, runs the tool, and encodes its answer. */
export function callTool(guest: Guest, table: ToolTable, bytes: Uint8Array): Answer {
  if (guest.tools === undefined) throw new Error('a tool call was sent to a plugin without tools');
  const request = decode(bytes);
  const name = Buffer.from(request.tool).toString();
  const tool = table.get(name);
  if (tool === undefined) throw new RequestRefused(`tool: the plugin declares no tool named "${name.slice(0, 64)}"`);
  const result = guest.tools.execute(request.tool, validateParameters(tool, request.parameters));
  if (!result.ok) return { failed: true, body: encodeErrorField(errorFromGuest(result.error)) };
  if (!isJson(result.value))
    throw new GuestViolation(`tool "${name}" answered with something that is not one JSON text`);
  return { failed: false, body: encodeValue(result.value) };
}

function decode(bytes: Uint8Array) {
  try {
    return decodeInvokeToolRequest(bytes);
  } catch (error) {
    if (error instanceof WireError) throw new RequestRefused(`not a valid protobuf message: ${error.message}`);
    throw error;
  }
}

/** Encodes the field `value` of a PluginResult. */
function encodeValue(value: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + sizeUint32(value.length) + value.length);
  out[0] = VALUE_TAG;
  out.set(value, writeUint32(value.length, out, 1));
  return out;
}
