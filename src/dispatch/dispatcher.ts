import { HostError } from '../errors.js';
import type { CallOrigin, CallPath } from '../host/asking.js';
import type { ActivePlugin, CapabilityRegistry } from '../plugin/capability-registry.js';
import type { Call, CallWaits } from '../pool/call.js';
import type { CallKind } from '../protocol/calls.js';
import { hostOutcome, type Outcome } from '../protocol/outcomes.js';

/** What one plugin made of a request. */
export interface PluginAnswer extends CallWaits {
  plugin: ActivePlugin;
  outcome: Outcome;
}

/** Called exactly once for a request that was taken: with the answers in their stable order, or with a refusal. */
export type Done = (answers: PluginAnswer[], refusal: HostError | undefined) => void;

interface Request {
  /** On the clock of `protocol/monotonic.ts`; Infinity for none. */
  deadlineMs: number;
  /** Budget of each call; undefined for the plugin's own. */
  fuel: number | undefined;
  origin: () => CallOrigin;
  /** How it came about, where a plugin brought it about. */
  path?: CallPath;
  /** See `WITHHELD` in `protocol/calls.ts`. */
  withheld?: number;
}

export interface SignalRequest extends Request {
  /** An encoded Signal. */
  signal: Uint8Array;
  /** Of that signal, as the worker will decode it. */
  layer: number;
  neuronType: string;
  pluginId: string;
  /** Plugins that do not get it. */
  except?: (pluginId: string) => boolean;
}

export interface ToolRequest extends Request {
  tool: string;
  pluginId: string;
  /** An encoded InvokeToolRequest. */
  message: Uint8Array;
}

/** A request under way. */
export interface Ticket {
  /** The caller went away. */
  cancel(): void;
}

const MAX_LAYER = 9;
const NO_WAITS: CallWaits = { queueTimeUs: 0, calledFuel: 0 };

/** Signals and tool calls to the plugins that offer what is asked for. */
export class Dispatcher {
  readonly registry: CapabilityRegistry;

  constructor(registry: CapabilityRegistry) {
    this.registry = registry;
  }

  /**
   * Every plugin that is registered for the signal gets it; one that fails does not hide the others.
   *
   * @throws HostError NOBODY_REGISTERED, REQUEST_INVALID, QUEUE_FULL (of all of them).
   */
  signal(request: SignalRequest, done: Done): Ticket {
    const { layer, neuronType, pluginId, except } = request;
    if (layer < 1 || layer > MAX_LAYER) {
      throw new HostError('REQUEST_INVALID', `signal.layer: expected L1 to L9, found ${layer === 0 ? 'none' : layer}`);
    }
    const all = this.registry.neurons(layer, neuronType, pluginId);
    const plugins = except === undefined ? all : all.filter(({ ref }) => !except(ref.id));
    if (plugins.length === 0) throw nobody(request);
    return new Gathering('signal', plugins, done).send(request.signal, request, layer);
  }

  /** @throws HostError TOOL_NOT_FOUND, TOOL_AMBIGUOUS, QUEUE_FULL. */
  tool(request: ToolRequest, done: Done): Ticket {
    const plugins = this.registry.tools(request.tool, request.pluginId);
    if (plugins.length === 0) throw noTool(request);
    if (plugins.length > 1) throw ambiguous(request.tool, plugins);
    return new Gathering('tool', plugins, done).send(request.message, request, 0);
  }

  activePlugins(): ActivePlugin[] {
    return this.registry.all();
  }
}

/** Sends one request to several plugins, and gathers what they answer in their order. */
class Gathering implements Ticket {
  readonly #kind: CallKind;
  readonly #plugins: readonly ActivePlugin[];
  readonly #done: Done;
  /** Whole once none is missing. */
  readonly #answers: PluginAnswer[];
  readonly #calls: (Call | undefined)[] = [];
  #missing: number;
  #refused: Outcome | undefined;

  constructor(kind: CallKind, plugins: readonly ActivePlugin[], done: Done) {
    this.#kind = kind;
    this.#plugins = plugins;
    this.#done = done;
    this.#answers = new Array<PluginAnswer>(plugins.length);
    this.#missing = plugins.length;
  }

  /** @throws HostError when no plugin took the call. */
  send(bytes: Uint8Array, { deadlineMs, fuel, origin, path, withheld }: Request, layer: number): Ticket {
    const kind = this.#kind;
    let refusals: [index: number, error: HostError][] | undefined;
    for (let index = 0; index < this.#plugins.length; index++) {
      const settle = (outcome: Outcome, waits: CallWaits): void => this.#answer(index, outcome, waits);
      try {
        const call = { kind, bytes, deadlineMs, fuel, layer, path, withheld, origin, settle };
        this.#calls[index] = this.#plugins[index]?.crew.submit(call);
      } catch (error) {
        refusals ??= [];
        refusals.push([index, HostError.from(error)]);
      }
    }
    if (refusals !== undefined) this.#answerRefused(refusals);
    return this;
  }

  cancel(): void {
    this.#calls.forEach((call, index) => {
      if (call !== undefined) this.#plugins[index]?.crew.cancel(call);
    });
  }

  /** One refusal is that plugin's answer; that of all of them is the request's. */
  #answerRefused(refusals: readonly [index: number, error: HostError][]): void {
    const [first] = refusals;
    if (first !== undefined && refusals.length === this.#plugins.length) throw first[1];
    for (const [index, error] of refusals) {
      this.#answer(index, hostOutcome('limit', 'RESOURCE_EXHAUSTED', error.message, { limit: 'queue' }), NO_WAITS);
    }
  }

  #answer(index: number, outcome: Outcome, { queueTimeUs, calledFuel }: CallWaits): void {
    const plugin = this.#plugins[index];
    if (plugin === undefined) return;
    this.#answers[index] = { plugin, outcome, queueTimeUs, calledFuel };
    if (outcome.type === 'refused') this.#refused = outcome;
    if (--this.#missing === 0) this.#done(this.#answers, this.#refusal());
  }

  /** A request that a worker found invalid is invalid for every plugin: the whole of it is refused. */
  #refusal(): HostError | undefined {
    if (this.#refused === undefined) return undefined;
    const message = Buffer.from(this.#refused.body).toString();
    return new HostError(this.#kind === 'tool' ? 'PARAMETERS_INVALID' : 'REQUEST_INVALID', message);
  }
}

function nobody({ layer, neuronType, pluginId }: SignalRequest): HostError {
  const which = [
    neuronType === '' ? '' : ` of type "${neuronType.slice(0, 64)}"`,
    pluginId === '' ? '' : ` in plugin "${pluginId.slice(0, 64)}"`,
  ].join('');
  return new HostError(
    'NOBODY_REGISTERED',
    `no active plugin has a neuron${which} for layer L${layer}; activate one first`,
  );
}

function noTool({ tool, pluginId }: ToolRequest): HostError {
  const where =
    pluginId === '' ? 'no active plugin offers' : `plugin "${pluginId.slice(0, 64)}" is not active or does not offer`;
  return new HostError(
    'TOOL_NOT_FOUND',
    `${where} a tool named "${tool.slice(0, 64)}"; ListTools names those there are`,
  );
}

function ambiguous(tool: string, plugins: readonly ActivePlugin[]): HostError {
  const ids = plugins.map((plugin) => `${plugin.ref.id} (${plugin.ref.name})`).join(', ');
  return new HostError('TOOL_AMBIGUOUS', `several plugins offer the tool "${tool}"; set plugin_id to one of ${ids}`);
}
