import { describe, expect, test } from 'vitest';
import { type IncomingCall, type OutgoingCall, packCalls, unpackCalls } from '../../../src/protocol/calls.js';

function roundTrip(calls: OutgoingCall[], first: number): IncomingCall[] {
  const found: IncomingCall[] = [];
  unpackCalls(packCalls(calls, first), (call) => found.push(call));
  return found;
}

describe('packCalls', () => {
  test('keeps order, kind, deadline and bytes, and numbers the calls', () => {
    const calls: OutgoingCall[] = [
      { kind: 'signal', deadlineMs: 12.5, fuel: 1e15, withheld: 0, bytes: Uint8Array.of(1, 2, 3) },
      { kind: 'tool', deadlineMs: Infinity, fuel: 0, withheld: 3, bytes: new Uint8Array(0) },
      { kind: 'signal', deadlineMs: 0, fuel: 1, withheld: 1, bytes: new Uint8Array(1000).fill(7) },
    ];
    const found = roundTrip(calls, 41);
    expect(found.map(({ number }) => number)).toEqual([41, 42, 43]);
    expect(found.map(({ kind, deadlineMs, fuel, withheld }) => ({ kind, deadlineMs, fuel, withheld }))).toEqual(
      calls.map(({ kind, deadlineMs, fuel, withheld }) => ({ kind, deadlineMs, fuel, withheld })),
    );
    expect(found.map(({ bytes }) => [...bytes])).toEqual(calls.map(({ bytes }) => [...bytes]));
  });

  test('copies a slice of a pooled buffer exactly, and nothing of its neighbours', () => {
    const slab = Buffer.alloc(64, 0xee);
    const buffer = packCalls(
      [{ kind: 'signal', deadlineMs: 0, fuel: 1, withheld: 0, bytes: slab.subarray(8, 13).fill(1) }],
      1,
    );
    expect(buffer.byteLength).toBe(40);
    expect([...new Uint8Array(buffer, 32)]).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
  });
});
