import { describe, expect, test } from 'vitest';
import { Ledger } from '../../../src/pool/ledger.js';

describe('Ledger', () => {
  test('promises no more threads and bytes than there are, and nothing for a refusal', () => {
    const ledger = new Ledger({ maxThreads: 2, maxMemoryBytes: 100 });
    expect(ledger.tryReserve({ threads: 1, memoryBytes: 60 })).toBe(true);
    expect(ledger.tryReserve({ threads: 1, memoryBytes: 60 })).toBe(false);
    expect([ledger.threads, ledger.memoryBytes]).toEqual([1, 60]);
    expect(ledger.tryReserve({ threads: 1, memoryBytes: 40 })).toBe(true);
    expect(ledger.tryReserve({ threads: 1, memoryBytes: 0 })).toBe(false);
    ledger.release({ threads: 1, memoryBytes: 60 });
    expect(ledger.tryReserve({ threads: 1, memoryBytes: 60 })).toBe(true);
  });
});
