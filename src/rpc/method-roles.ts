import type { Role } from '../config/access-file.js';

/** Of a method that anybody may call. */
export const OPEN = 'open';

/** Roles of which any is enough. */
type Needed = readonly Role[] | typeof OPEN;

const EXECUTE: Needed = ['execute'];
const MANAGE: Needed = ['manage'];
const OBSERVE: Needed = ['observe'];

/** Every method that the server has, by its path, and who may call it. A method that is not here is nobody's. */
export const METHOD_ROLES: Readonly<Record<string, Needed>> = {
  '/hal9.plugin.v1.PluginExecution/ProcessSignal': EXECUTE,
  '/hal9.plugin.v1.PluginExecution/StreamSignals': EXECUTE,
  '/hal9.plugin.v1.PluginExecution/InvokeTool': EXECUTE,
  '/hal9.plugin.v1.PluginExecution/ListTools': ['execute', 'observe'],

  '/hal9.plugin.v1.PluginManagement/InstallPlugin': MANAGE,
  '/hal9.plugin.v1.PluginManagement/UninstallPlugin': MANAGE,
  '/hal9.plugin.v1.PluginManagement/ActivatePlugin': MANAGE,
  '/hal9.plugin.v1.PluginManagement/DeactivatePlugin': MANAGE,
  '/hal9.plugin.v1.PluginManagement/SetPluginGrants': MANAGE,
  '/hal9.plugin.v1.PluginManagement/ListPlugins': OBSERVE,
  '/hal9.plugin.v1.PluginManagement/GetPlugin': OBSERVE,
  '/hal9.plugin.v1.PluginManagement/GetPluginFile': OBSERVE,
  '/hal9.plugin.v1.PluginManagement/GetPluginPermissions': OBSERVE,
  '/hal9.plugin.v1.PluginManagement/GetPluginUsage': OBSERVE,

  '/hal9.plugin.v1.KeyManagement/TrustKey': MANAGE,
  '/hal9.plugin.v1.KeyManagement/RevokeKey': MANAGE,
  '/hal9.plugin.v1.KeyManagement/ListKeys': OBSERVE,

  // What plugins keep belongs to their users: seeing it takes more than seeing how much it is.
  '/hal9.plugin.v1.MemoryInspection/ListMemories': OBSERVE,
  '/hal9.plugin.v1.MemoryInspection/ListMemoryKeys': MANAGE,
  '/hal9.plugin.v1.MemoryInspection/GetMemoryEntry': MANAGE,
  '/hal9.plugin.v1.MemoryInspection/ExportMemory': MANAGE,

  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': OBSERVE,
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo': OBSERVE,

  '/grpc.health.v1.Health/Check': OPEN,
  '/grpc.health.v1.Health/List': OPEN,
  '/grpc.health.v1.Health/Watch': OPEN,
};
