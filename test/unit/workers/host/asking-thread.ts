/** A thread that asks three times through the line that it is handed. */
import { parentPort } from 'node:worker_threads';
import type { HostLink } from '../../../../src/protocol/host-calls.js';
import { HostLine } from '../../../../workers/host/host-line.js';

parentPort?.once('message', (link: HostLink) => {
  const line = new HostLine(link);
  const answers = [1, 2, 3].map((i) => {
    const answer = line.ask('memory.get', [Buffer.from(`question ${i}`)]);
    return answer.ok ? Buffer.from(answer.fields[0] as Uint8Array).toString() : 'refused';
  });
  parentPort?.postMessage(answers);
});
