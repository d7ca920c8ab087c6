import type { Dispatcher } from '../dispatch/dispatcher.js';
import { HostError } from '../errors.js';
import type { Called } from '../host/messages/called-answer.js';
import type { ToolCall } from '../host/messages/plugin-calls.js';
import { cameBy, type Delivery, type Emission } from '../host/messages/signal-calls.js';
import type { OthersInService } from '../host/services.js';
import { MESSAGE_LIMITS } from '../limits/messages.js';
import type { ActivePlugin } from '../plugin/capability-registry.js';
import { monotonicMs } from '../protocol/monotonic.js';

/** What plugins send and ask each other goes the way of what comes from outside. */
export function othersOf(dispatcher: Dispatcher): OthersInService {
  const { registry } = dispatcher;
  return {
    layersOf: (pluginId) => registry.get(pluginId)?.neurons.map(({ layer }) => layer) ?? [],
    receivers: (layer) => registry.neurons(layer, '', '').map(({ ref }) => ref),
    deliver: (emission) => deliver(dispatcher, emission),
    find: (pluginId) => callable(registry.get(pluginId)),
    call: (call, signal) => callTool(dispatcher, call, signal),
  };
}

function callable(plugin: ActivePlugin | undefined) {
  if (plugin === undefined) return undefined;
  const { id, name } = plugin.ref;
  return { id, name, callFuel: plugin.crew.spec.callFuel };
}

function deliver(dispatcher: Dispatcher, emission: Emission): Delivery {
  const { signal, layer, origin, path } = emission;
  const except = (pluginId: string): boolean => cameBy(path, pluginId);
  const receivers = dispatcher.registry.neurons(layer, '', '').filter(({ ref }) => !except(ref.id)).length;
  if (receivers === 0) return 'nobody';
  if (path.budget.deliveries < receivers) return 'dropped';
  path.budget.deliveries -= receivers;
  const deadlineMs = monotonicMs() + MESSAGE_LIMITS.maxDeliveryMs;
  const request = { signal, layer, neuronType: '', pluginId: '', except, deadlineMs, fuel: undefined, origin, path };
  try {
    dispatcher.signal(request, () => {});
    return 'delivered';
  } catch (error) {
    // All queues are full. Anything else is a fault of the server.
    if (error instanceof HostError) return 'dropped';
    throw error;
  }
}

function callTool(dispatcher: Dispatcher, call: ToolCall, signal: AbortSignal): Promise<Called> {
  return new Promise((resolve) => {
    try {
      const ticket = dispatcher.tool(call, ([answer], refusal) => {
        signal.removeEventListener('abort', cancel);
        resolve(answer === undefined || refusal !== undefined ? { refusal: HostError.from(refusal) } : answer);
      });
      const cancel = (): void => ticket.cancel();
      signal.addEventListener('abort', cancel);
    } catch (error) {
      resolve({ refusal: HostError.from(error) });
    }
  });
}
