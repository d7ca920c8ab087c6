import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Broker } from '../src/host/broker.js';
import { namespaceOf } from '../src/host/memory/namespaces.js';
import type { MemoryStore } from '../src/host/memory/store.js';
import { ThreadStore } from '../src/host/memory/thread-store.js';
import { Rates } from '../src/host/rates.js';
import type { MayUse } from '../src/host/service.js';
import { hostServices } from '../src/host/services.js';
import { HostSession } from '../src/host/session.js';
import { type HostLink, packAnswer } from '../src/protocol/host-calls.js';
import { NOBODY_ELSE, rightsOf } from '../test/harness/nobody-else.js';
import type { AskingOrder } from './asking-thread.js';
import { type Bench, measureOf } from './measure.js';

const PLUGIN = 'bench';
const VALUE = JSON.stringify('x'.repeat(98));
const ASKS = 2_000;

/** One round of asks through a link that is made for it: microseconds an ask. */
async function round(worker: Worker, open: () => { link: HostLink; close: () => void }): Promise<number> {
  const { link, close } = open();
  worker.postMessage({ link, asks: ASKS } satisfies AskingOrder, [link.port]);
  const [us] = (await once(worker, 'message')) as [number];
  close();
  return us;
}

/** What a round trip costs at least: a request is answered where it arrives. */
function bareLink(): { link: HostLink; close: () => void } {
  const { port1, port2 } = new MessageChannel();
  const bell = new SharedArrayBuffer(4);
  const ring = new Int32Array(bell);
  port1.on('message', (request: ArrayBuffer) => {
    const answer = packAnswer(new DataView(request).getUint32(0, true), { ok: true, fields: [] });
    port1.postMessage(answer, [answer]);
    Atomics.add(ring, 0, 1);
    Atomics.notify(ring, 0);
  });
  return { link: { port: port2, bell }, close: () => port1.close() };
}

/** Through a broker whose rates do not bound it: a minute passes between two requests. */
function brokerLink(memory: MemoryStore, mayUse: MayUse): { link: HostLink; close: () => void } {
  let ms = 0;
  const observer = { decided: () => {}, limited: () => {}, failed: () => {} };
  const rates = new Rates(() => (ms += 60_000));
  const rights = rightsOf(mayUse);
  const self = { id: PLUGIN, name: 'bench' };
  const services = hostServices({ self, memory, rights, rates, others: NOBODY_ELSE });
  const broker = new Broker({ services, rights, rates, observer });
  const session = new HostSession(broker, (fault) => {
    throw new Error(fault);
  });
  return { link: session.link, close: () => session.close() };
}

export const broker: Bench = {
  name: 'broker',
  about: 'round trip of a host call, from the guest’s thread to the main thread, the storage thread, and back',
  async run({ tries }) {
    const folder = mkdtempSync(join(tmpdir(), 'hal9-bench-'));
    const memory = await ThreadStore.open({
      file: join(folder, 'memory.db'),
      onFault: (fault) => console.error(fault),
    });
    const worker = new Worker(new URL('./asking-thread.js', import.meta.url));
    try {
      const entry = { key: new TextEncoder().encode('key'), value: new TextEncoder().encode(VALUE) };
      await memory.set(namespaceOf(PLUGIN), entry, { keys: 1, bytes: 1_000 });
      const kinds = {
        bare: bareLink,
        refused: () => brokerLink(memory, () => false),
        get: () => brokerLink(memory, () => true),
      };
      const us: Record<keyof typeof kinds, number[]> = { bare: [], refused: [], get: [] };
      // In turns, so that what else the machine does weighs on all of them; the first turn warms up.
      for (let i = 0; i <= tries; i++) {
        for (const kind of ['bare', 'refused', 'get'] as const) {
          const measured = await round(worker, kinds[kind]);
          if (i > 0) us[kind].push(measured);
        }
      }
      return [
        measureOf('bare round trip between two threads', 'us', us.bare, { note: 'the same waiting, answered at once' }),
        measureOf('host call that is refused', 'us', us.refused),
        measureOf('memory get of 100 bytes', 'us', us.get, { note: 'one more hop each way, and SQLite' }),
      ];
    } finally {
      await worker.terminate();
      await memory.close();
      rmSync(folder, { recursive: true });
    }
  },
};
