import type { ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import { HostError } from '../errors.js';
import { REQUEST_LIMITS, SERVER_LIMITS } from '../limits.js';
import type { Plugins, PluginView } from '../plugin/plugins-api.js';
import { type DecisionsMessage, readDecisions } from './decisions.js';
import { managementDefinition, type ServiceBinding } from './definitions.js';
import { collectPackage, type InstallPart } from './install-stream.js';
import { fileSender } from './plugin-file.js';
import { requester } from './requester.js';
import { answer, unary } from './unary.js';

interface ByPlugin {
  pluginId: string;
}

/** The service `PluginManagement` over the plugins of this server. */
export function managementService(plugins: Plugins): ServiceBinding {
  return {
    definition: managementDefinition,
    implementation: {
      InstallPlugin: installer(plugins),
      ListPlugins: unary(() => ({ plugins: plugins.list().map(toMessage) })),
      GetPlugin: unary((request: ByPlugin) => ({ plugin: toMessage(plugins.get(nameOf(request))) })),
      ActivatePlugin: unary(async (request: ByPlugin & { config: string }, by) => {
        const config = request.config === '' ? undefined : request.config;
        const { plugin, others } = await plugins.activate(nameOf(request), config, by);
        return { plugin: toMessage(plugin), activatedFirst: others };
      }),
      DeactivatePlugin: unary(async (request: ByPlugin & { force: boolean }, by) => {
        const { plugin, others } = await plugins.deactivate(nameOf(request), request.force, by);
        return { plugin: toMessage(plugin), deactivatedFirst: others };
      }),
      UninstallPlugin: unary(async (request: ByPlugin & { force: boolean }, by) => ({
        plugin: await plugins.uninstall(nameOf(request), request.force, by),
      })),
      GetPluginPermissions: unary((request: ByPlugin) => plugins.permissions(nameOf(request))),
      GetPluginUsage: unary(async (request: ByPlugin) => ({
        plugins: await plugins.usage(request.pluginId === '' ? undefined : nameOf(request)),
      })),
      SetPluginGrants: unary((request: ByPlugin & { decisions: DecisionsMessage | null }, by) =>
        plugins.setGrants(nameOf(request), readDecisions(request.decisions), by),
      ),
      GetPluginFile: fileSender(async (request) => plugins.readFile(nameOf(request), request.path)),
    },
  };
}

type Install = (call: ServerReadableStream<InstallPart, object>, callback: sendUnaryData<object>) => void;

function installer(plugins: Plugins): Install {
  let running = 0;
  const install = async (call: ServerReadableStream<InstallPart, object>): Promise<object> => {
    if (running >= SERVER_LIMITS.maxConcurrentInstalls) throw tooManyInstalls();
    running++;
    try {
      const by = requester(call);
      const { bytes, order } = await collectPackage(call);
      const { plugin, changed, permissions } = await plugins.install(bytes, order, by);
      return { plugin: toMessage(plugin), changed, permissions };
    } finally {
      running--;
    }
  };
  return (call, callback) => void answer(callback, () => install(call));
}

function tooManyInstalls(): HostError {
  return new HostError(
    'TOO_MANY_IN_FLIGHT',
    `${SERVER_LIMITS.maxConcurrentInstalls} installations are under way, as many as may be; try again`,
    { retryAfterMs: 1_000 },
  );
}

function nameOf({ pluginId }: ByPlugin): string {
  if (pluginId === '') throw new HostError('REQUEST_INVALID', 'plugin_id: expected an id or a name, found nothing');
  if (Buffer.byteLength(pluginId) > REQUEST_LIMITS.maxNameBytes) {
    throw new HostError('REQUEST_INVALID', `plugin_id: at most ${REQUEST_LIMITS.maxNameBytes} bytes`);
  }
  return pluginId;
}

/** `hal9.plugin.v1.Plugin`. */
function toMessage({ capabilities, permissionsAsked, ...plain }: PluginView): object {
  return {
    ...plain,
    capabilities: capabilities.map(({ type, config }) => ({ type, config: JSON.stringify(config) })),
    permissionsAsked: permissionsAsked.map((permission) => JSON.stringify(permission)),
  };
}
