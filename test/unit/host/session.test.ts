import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { HostSession } from '../../../src/host/session.js';
import { packRequest } from '../../../src/protocol/host-calls.js';

const ASKS = 50;
/** More than lie between an answer that a service has and the one that is posted. */
const TICKS = 20;

/** A guest that asks again before the main thread has done anything else, which a thread of its own does now and then. */
function askAtOnce(port: MessagePort, asked: number): void {
  const request = packRequest(asked, 'memory.get', [new Uint8Array(1)]);
  port.postMessage(request, [request]);
}

describe('HostSession', () => {
  it('gives everybody else a turn of the event loop before each answer', async () => {
    let [asked, turns] = [0, 0];
    const turn = (): void => {
      turns++;
      if (asked < ASKS) setImmediate(turn);
    };
    await new Promise<void>((resolve, reject) => {
      const again = async (): Promise<void> => {
        for (let tick = 0; tick < TICKS; tick++) await Promise.resolve();
        if (receiveMessageOnPort(session.link.port) === undefined) return reject(new Error('there was no answer'));
        if (asked === ASKS) resolve();
        else askAtOnce(session.link.port, ++asked);
      };
      const answer = () => {
        void again();
        return Promise.resolve({ ok: true, fields: [] } as const);
      };
      const session = new HostSession({ answer }, (fault) => reject(new Error(fault)));
      turn();
      askAtOnce(session.link.port, ++asked);
    });
    expect(turns).toBeGreaterThanOrEqual(ASKS);
  });
});
