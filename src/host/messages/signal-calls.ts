import { MESSAGE_LIMITS } from '../../limits/messages.js';
import { peekSignalLayer } from '../../protocol/codec.js';
import { stands } from '../../protocol/defences.js';
import type { HostAnswer, HostOperation, HostRefusal } from '../../protocol/host-calls.js';
import type { AskingCall, CallOrigin, CallPath, PluginName } from '../asking.js';
import type { Passing } from '../gate.js';
import { denied, invalid, refused, tooMuch } from '../refusals.js';
import type { HostService, Prepared } from '../service.js';

/** A signal that a plugin sent, on its way. */
export interface Emission {
  readonly from: PluginName;
  /** Encoded. */
  readonly signal: Uint8Array;
  readonly layer: number;
  readonly origin: () => CallOrigin;
  /** Of the calls that it becomes; the plugins that it came by do not get it. */
  readonly path: CallPath;
}

/** Where signals go. */
export interface SignalRoutes {
  /** Layers that the plugin has a neuron for. */
  layersOf(pluginId: string): readonly number[];
  /** Who gets a signal of this layer. */
  receivers(layer: number): readonly PluginName[];
  deliver(emission: Emission): Delivery;
}

/** What became of a signal: nobody has a neuron for its layer; or it was one too many for its receivers, or for one request. */
export type Delivery = 'delivered' | 'nobody' | 'dropped';
/** Told of each signal that was taken; `discarded` when the call that sent it failed. */
export type EmissionObserver = (delivery: Delivery | 'discarded') => void;

/** What one call has sent so far. */
interface Outbox {
  emissions: Emission[];
  bytes: number;
}

/** One plugin's calls of `hal9:plugin/signals`. What a call sends is delivered once it has ended with an answer. */
export class SignalCalls implements HostService {
  readonly operations = ['signals.emit'] as const;
  readonly #self: PluginName;
  readonly #routes: SignalRoutes;
  readonly #observe: EmissionObserver;
  readonly #outboxes = new WeakMap<AskingCall, Outbox>();

  constructor(parts: { self: PluginName; routes: SignalRoutes; observe: EmissionObserver }) {
    this.#self = parts.self;
    this.#routes = parts.routes;
    this.#observe = parts.observe;
  }

  read(operation: HostOperation, [signal]: readonly Uint8Array[], { rights, call }: Passing): Prepared | HostRefusal {
    if (signal === undefined) throw new TypeError(`${operation} came without its fields`);
    if (!rights.mayUse('Hal9Signal')) return denied('Hal9Signal');
    if (call === undefined) return invalid('a signal can be sent during a call alone, not while the plugin is loaded');
    return { rates: ['signals'], act: async () => this.#emit(signal, call) };
  }

  #emit(signal: Uint8Array, call: AskingCall): HostAnswer {
    const layer = peekSignalLayer(signal);
    const path = onward(call, this.#self);
    const outbox = this.#outboxOf(call);
    const fault = this.#notAdjacent(layer, call) ?? this.#wayBack(layer, path) ?? tooMany(outbox, signal, path);
    if (fault !== undefined) return fault;
    // A view of the message that the worker sent, which is nobody else's.
    outbox.emissions.push({ from: this.#self, signal, layer, origin: call.origin, path });
    outbox.bytes += signal.length;
    return { ok: true, fields: [] };
  }

  #outboxOf(call: AskingCall): Outbox {
    const known = this.#outboxes.get(call);
    if (known !== undefined) return known;
    const outbox: Outbox = { emissions: [], bytes: 0 };
    this.#outboxes.set(call, outbox);
    call.whenSettled((outcome) => {
      for (const emission of outbox.emissions)
        this.#observe(outcome === 'ok' ? this.#routes.deliver(emission) : 'discarded');
    });
    return outbox;
  }

  #notAdjacent(layer: number, call: AskingCall): HostRefusal | undefined {
    const here = call.kind === 'signal' ? [call.layer] : this.#routes.layersOf(this.#self.id);
    if (here.some((each) => Math.abs(each - layer) === 1)) return undefined;
    const where = call.kind === 'signal' ? 'this call processes a signal of' : 'the plugin has neurons for';
    const layers = here.map((each) => `L${each}`).join(', ') || 'no layer';
    return invalid(`signal.layer: expected one next to ${layers}, which ${where}; found L${layer}`);
  }

  /** A layer without receivers is none of the sender's business; one where nobody is left is. */
  #wayBack(layer: number, path: CallPath): HostRefusal | undefined {
    const receivers = this.#routes.receivers(layer);
    if (receivers.length === 0 || receivers.some(({ id }) => !cameBy(path, id))) return undefined;
    const loop = [...path.passed.map(({ name }) => name), receivers[0]?.name ?? ''];
    const message = `all plugins of L${layer} have had a part in this signal: ${loop.join(' -> ')}`;
    return refused('INVALID_INPUT', message, { loop });
  }
}

/** Whether the chain of signals came by that plugin. */
export function cameBy({ passed }: CallPath, pluginId: string): boolean {
  return passed.some(({ id }) => id === pluginId) && stands('loops');
}

/** The path of what a call sends. */
function onward({ path }: AskingCall, self: PluginName): CallPath {
  const waiting = path?.waiting.map(({ id, name }) => ({ id, name })) ?? [];
  const budget = path?.budget ?? { deliveries: MESSAGE_LIMITS.maxDeliveries };
  return { passed: [...(path?.passed ?? []), ...waiting, self], waiting: [], budget };
}

function tooMany({ emissions, bytes }: Outbox, signal: Uint8Array, { passed }: CallPath): HostRefusal | undefined {
  const { maxSignalsPerCall, maxSignalBytesPerCall, maxSignalHops } = MESSAGE_LIMITS;
  if (passed.length > maxSignalHops)
    return tooMuch(`${maxSignalHops} plugins in a row have sent signals because of each other, as many as may`, {
      limit: 'signal-hops',
      max: maxSignalHops,
    });
  if (emissions.length >= maxSignalsPerCall)
    return tooMuch(`the call has sent ${maxSignalsPerCall} signals, as many as it may`, {
      limit: 'signals-per-call',
      max: maxSignalsPerCall,
    });
  if (bytes + signal.length <= maxSignalBytesPerCall) return undefined;
  return tooMuch(`the call's signals have ${bytes} of ${maxSignalBytesPerCall} bytes, and this would be more`, {
    limit: 'signal-bytes-per-call',
    max: maxSignalBytesPerCall,
    used: bytes,
  });
}
