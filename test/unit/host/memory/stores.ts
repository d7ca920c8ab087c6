import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { immediately } from '../../../../src/host/memory/immediate-store.js';
import type { Entry, Found, MemoryStore } from '../../../../src/host/memory/store.js';
import { ThreadStore } from '../../../../src/host/memory/thread-store.js';
import { VolatileMemory } from '../../../../src/host/memory/volatile-memory.js';

export const QUOTA = { keys: 1_000, bytes: 1_000_000 };
export const PLENTY = 1_000_000;

export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
export const text = (found: Uint8Array | undefined): string | undefined => found && Buffer.from(found).toString();
export const entry = (key: string, value: unknown): Entry => ({ key: bytes(key), value: bytes(JSON.stringify(value)) });
export const keysOf = ({ entries }: Found): string[] => entries.map(({ key }) => Buffer.from(key).toString());

/** Each backend, fresh, behind what takes it away again. */
export const STORES: readonly {
  name: string;
  open: () => Promise<{ store: MemoryStore; end: () => Promise<void> }>;
}[] = [
  {
    name: 'SQLite in a thread of its own',
    open: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'hal9-memory-'));
      const store = await ThreadStore.open({
        file: join(folder, 'memory.db'),
        onFault: (message) => {
          throw new Error(message);
        },
      });
      const end = async (): Promise<void> => {
        await store.close();
        rmSync(folder, { recursive: true });
      };
      return { store, end };
    },
  },
  {
    name: 'VolatileMemory',
    open: () => {
      const store = immediately(new VolatileMemory());
      return Promise.resolve({ store, end: () => store.close() });
    },
  },
];
