import { MESSAGE_LIMITS } from '../../limits/messages.js';
import { WITHHELD } from '../../protocol/calls.js';
import { sizeInvokeToolRequest, writeInvokeToolRequest } from '../../protocol/codec.js';
import { fuelOf, type HostAnswer, type HostOperation, type HostRefusal } from '../../protocol/host-calls.js';
import { EMPTY } from '../../protocol/wire.js';
import type { AskingCall, CallPath, PluginName } from '../asking.js';
import type { Passing } from '../gate.js';
import { denied, ended, invalid, refused, tooMuch } from '../refusals.js';
import { type HostService, intersection, type Prepared, type Rights } from '../service.js';
import { answerOf, type Called } from './called-answer.js';

/** A call of another plugin's tool. */
export interface ToolCall {
  readonly pluginId: string;
  readonly tool: string;
  /** An encoded InvokeToolRequest. */
  readonly message: Uint8Array;
  readonly deadlineMs: number;
  readonly fuel: number;
  /** What those who wait may not have: see `WITHHELD` in `protocol/calls.ts`. */
  readonly withheld: number;
  readonly origin: AskingCall['origin'];
  readonly path: CallPath;
}

/** A plugin that can be called. */
export interface OtherPlugin extends PluginName {
  /** What a call of it may use at most. */
  readonly callFuel: number;
}

/** The plugins that can be called. */
export interface OtherPlugins {
  /** Undefined where no such plugin is in service. */
  find(pluginId: string): OtherPlugin | undefined;
  /** @param signal aborting it cancels the call */
  call(call: ToolCall, signal: AbortSignal): Promise<Called>;
}

/** One plugin's calls of `hal9:plugin/plugins`: the grant, then the chain of those who wait, and then the other plugin. */
export class PluginCalls implements HostService {
  readonly operations = ['plugins.call'] as const;
  readonly #self: PluginName;
  readonly #rights: Rights;
  readonly #others: OtherPlugins;

  /** @param parts.rights the plugin's own */
  constructor(parts: { self: PluginName; rights: Rights; others: OtherPlugins }) {
    this.#self = parts.self;
    this.#rights = parts.rights;
    this.#others = parts.others;
  }

  read(operation: HostOperation, fields: readonly Uint8Array[], { rights, call }: Passing): Prepared | HostRefusal {
    const [id, tool, parameters, left] = fields;
    const fuel = fuelOf(left);
    if (id === undefined || tool === undefined || parameters === undefined || fuel === undefined)
      throw new TypeError(`${operation} came without its fields`);
    const pluginId = textOf(id);
    if (!PLUGIN_ID.test(pluginId)) return invalid(`plugin-id: expected a UUID, found "${pluginId.slice(0, 64)}"`);
    const permission = { PluginCall: pluginId };
    if (!rights.mayUse(permission)) return denied(permission);
    if (call === undefined) return invalid('a plugin can be called during a call alone, not while this one is loaded');
    return {
      rates: ['plugin calls'],
      act: ({ signal }) => this.#call({ pluginId, tool, parameters, fuel }, call, signal),
    };
  }

  async #call(
    wanted: { pluginId: string; tool: Uint8Array; parameters: Uint8Array; fuel: number },
    call: AskingCall,
    signal: AbortSignal,
  ): Promise<HostAnswer> {
    const { pluginId } = wanted;
    const other = this.#others.find(pluginId);
    if (other === undefined) return invalid(`plugin-id: no plugin ${pluginId} is in service`);
    const path = this.#inward(call);
    const fault = cycle(path, other) ?? tooDeep(path);
    if (fault !== undefined) return fault;
    const message = encode(wanted);
    const { deadlineMs, origin } = call;
    const tool = textOf(wanted.tool);
    const fuel = Math.min(wanted.fuel, other.callFuel);
    const withheld = withheldFrom(path);
    const called = await this.#others.call(
      { pluginId, tool, message, deadlineMs, fuel, withheld, origin, path },
      signal,
    );
    if (signal.aborted) return ended();
    const { answer, fuel: used } = answerOf(other, called, fuel);
    call.lent(used);
    return answer;
  }

  /** The path of a call that this one waits for. */
  #inward({ path }: AskingCall): CallPath {
    const { id, name } = this.#self;
    return {
      passed: path?.passed ?? [],
      waiting: [...(path?.waiting ?? []), { id, name, rights: this.#rights }],
      budget: path?.budget ?? { deliveries: MESSAGE_LIMITS.maxDeliveries },
    };
  }
}

/** A guest without time or random numbers is given other values, not refused: so these are withheld with the call. */
function withheldFrom({ waiting }: CallPath): number {
  const { has } = intersection(waiting.map(({ rights }) => rights));
  return (has('SystemTime') ? 0 : WITHHELD.time) | (has('SystemRandom') ? 0 : WITHHELD.random);
}

const PLUGIN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A plugin that waits cannot answer; with one instance it never would. */
function cycle({ waiting }: CallPath, other: PluginName): HostRefusal | undefined {
  if (!waiting.some(({ id }) => id === other.id)) return undefined;
  const names = [...waiting.map(({ name }) => name), other.name];
  return refused('INVALID_INPUT', `the plugin waits for this call itself: ${names.join(' -> ')}`, { cycle: names });
}

function tooDeep({ waiting }: CallPath): HostRefusal | undefined {
  const max = MESSAGE_LIMITS.maxCallDepth;
  if (waiting.length <= max) return undefined;
  return tooMuch(`${max} plugins wait for each other, as many as may`, { limit: 'plugin-call-depth', max });
}

function encode({ tool, parameters }: { tool: Uint8Array; parameters: Uint8Array }): Uint8Array {
  const request = { tool, parameters, pluginId: EMPTY, requestId: EMPTY, fuel: undefined };
  const message = new Uint8Array(sizeInvokeToolRequest(request));
  writeInvokeToolRequest(request, message, 0);
  return message;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
