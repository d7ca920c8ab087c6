/** A thread that asks for the same thing again and again, and says how long an answer took, in microseconds. */
import { parentPort } from 'node:worker_threads';
import type { HostLink } from '../src/protocol/host-calls.js';
import { HostLine } from '../workers/host/host-line.js';

export interface AskingOrder {
  link: HostLink;
  asks: number;
}

parentPort?.on('message', ({ link, asks }: AskingOrder) => {
  const line = new HostLine(link);
  const key = new TextEncoder().encode('key');
  const from = performance.now();
  for (let i = 0; i < asks; i++) line.ask('memory.get', [key]);
  parentPort?.postMessage(((performance.now() - from) * 1_000) / asks);
});
