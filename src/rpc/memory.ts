import { HostError } from '../errors.js';
import type { ConfiguredLimits } from '../host/configured-limits.js';
import { memoryQuota, namespaceOf, ownerOf, sharedNamespace } from '../host/memory/namespaces.js';
import type { Entry, MemoryStore, Range } from '../host/memory/store.js';
import { MEMORY_LIMITS, REQUEST_LIMITS } from '../limits.js';
import type { Plugins } from '../plugin/plugins-api.js';
import { memoryDefinition, type ServiceBinding } from './definitions.js';
import { unary } from './unary.js';

interface ByMemory {
  memory: string;
}
interface Page extends ByMemory {
  prefix: string;
  after: string;
}

/** A message's bytes at most: the largest entry fits, and so does what is around the entries. */
const PAGE_BYTES = REQUEST_LIMITS.maxMessageBytes / 4;

/** The service `MemoryInspection` over what plugins keep. */
export function memoryService(
  store: MemoryStore,
  plugins: Pick<Plugins, 'get' | 'list'>,
  limits: ConfiguredLimits,
): ServiceBinding {
  const find = ({ memory }: ByMemory): string => namespaceNamed(memory, plugins);
  return {
    definition: memoryDefinition,
    implementation: {
      ListMemories: unary(() => listMemories(store, plugins, limits)),
      ListMemoryKeys: unary(async (request: Page & { limit: number }) => {
        const wanted = request.limit === 0 ? Infinity : request.limit;
        const limit = Math.min(wanted, MEMORY_LIMITS.maxAnswerEntries);
        const keys = await store.keys(find(request), rangeOf(request, limit + 1));
        const page = keys.slice(0, limit).map(({ key, valueBytes }) => ({ key: textOf(key), valueBytes }));
        return { keys: page, more: keys.length > limit };
      }),
      GetMemoryEntry: unary(async (request: ByMemory & { key: string }) => {
        const value = await store.get(find(request), bytesOf(request.key));
        if (value === undefined)
          throw new HostError('ENTRY_NOT_FOUND', `the memory ${request.memory} has no key ${shown(request.key)}`);
        return { entry: toMessage({ key: bytesOf(request.key), value }) };
      }),
      ExportMemory: unary(async (request: Page) => {
        const limit = MEMORY_LIMITS.maxAnswerEntries;
        const { entries, cut } = await store.list(find(request), rangeOf(request, limit), PAGE_BYTES);
        return { entries: entries.map(toMessage), more: cut || entries.length === limit };
      }),
    },
  };
}

async function listMemories(
  store: MemoryStore,
  plugins: Pick<Plugins, 'list'>,
  limits: ConfiguredLimits,
): Promise<object> {
  const names = new Map(plugins.list().map(({ ref }) => [ref.id, ref.name]));
  const memories = await store.namespaces();
  return {
    memories: memories.map(({ name, keys, bytes }) => {
      const owner = ownerOf(name);
      const quota = memoryQuota(owner === undefined ? limits.ofAll() : limits.of(owner));
      const pluginName = names.get(owner ?? '') ?? '';
      return { name, pluginName, keys, bytes, maxKeys: quota.keys, maxBytes: quota.bytes };
    }),
  };
}

/** @throws HostError PLUGIN_NOT_FOUND, PLUGIN_AMBIGUOUS, REQUEST_INVALID */
function namespaceNamed(memory: string, plugins: Pick<Plugins, 'get'>): string {
  if (memory === '' || Buffer.byteLength(memory) > REQUEST_LIMITS.maxNameBytes) {
    throw new HostError(
      'REQUEST_INVALID',
      `memory: expected a plugin's id or name, or shared:NAME, of at most ${REQUEST_LIMITS.maxNameBytes} bytes`,
    );
  }
  if (!memory.startsWith('shared:')) return namespaceOf(plugins.get(ownerOf(memory) ?? memory).ref.id);
  const shared = sharedNamespace(memory.slice('shared:'.length));
  if (shared === undefined)
    throw new HostError('REQUEST_INVALID', 'memory: expected shared: and a name of at most 64 characters');
  return shared;
}

function rangeOf({ prefix, after }: Page, limit: number): Range {
  return { prefix: bytesOf(prefix), after: bytesOf(after), limit };
}

const toMessage = ({ key, value }: Entry): object => ({ key: textOf(key), value: textOf(value) });
/** Of a buffer of its own: what is posted to another thread takes its whole buffer along. */
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const shown = (key: string): string => JSON.stringify(key.length > 64 ? `${key.slice(0, 64)}…` : key);
