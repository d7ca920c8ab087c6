import { describe, expect, it } from 'vitest';
import { Niceness, type Threads } from '../../../src/pool/niceness.js';

/** Threads that want to run as a test says, and a system that may refuse to raise a priority. */
class Machine implements Threads {
  readonly nices = new Map<number, number>();
  readonly #wantedMs = new Map<number, number>();
  nowMs = 0;
  mayRaise = true;
  asked = 0;

  wantedMs(thread: number): number {
    this.asked++;
    return this.#wantedMs.get(thread) ?? 0;
  }

  setNice(thread: number, nice: number): boolean {
    if (nice < (this.nices.get(thread) ?? 0) && !this.mayRaise) return false;
    this.nices.set(thread, nice);
    return true;
  }

  /** So much time passes, for a share of which these threads want a processor. */
  pass(ms: number, shares: Readonly<Record<number, number>>): void {
    this.nowMs += ms;
    for (const [thread, share] of Object.entries(shares)) {
      this.#wantedMs.set(Number(thread), this.wantedMs(Number(thread)) + share * ms);
    }
  }
}

const busy = (osThread: number | undefined) => ({ osThread, load: 1 });

function setUp(lives: readonly { osThread: number | undefined; load: number }[], processors = 1) {
  const machine = new Machine();
  const niceness = new Niceness(machine, 0, processors);
  const run = (ms: number, shares: Readonly<Record<number, number>>): void => {
    machine.pass(ms, shares);
    niceness.look(lives, machine.nowMs);
  };
  run(0, {});
  return { machine, run };
}

describe('Niceness', () => {
  it('lets a thread stand back that runs most of the time, and no other', () => {
    const { machine, run } = setUp([busy(1), busy(2)]);
    run(100, { 1: 0.9, 2: 0.4 });
    expect([...machine.nices]).toEqual([[1, 10]]);
  });

  it('lowers nobody while there is a processor to spare', () => {
    const { machine, run } = setUp([busy(1), busy(2)], 2);
    for (let i = 0; i < 3; i++) run(100, { 1: 1, 2: 0.1 });
    expect(machine.nices.size).toBe(0);
    for (let i = 0; i < 2; i++) run(100, { 1: 1, 2: 1 });
    expect(new Set(machine.nices.keys())).toEqual(new Set([1, 2]));
  });

  it('does not count a thread that has nothing to do any more', () => {
    const lives = [busy(1), busy(2)];
    const { machine, run } = setUp(lives, 2);
    run(100, { 1: 1 });
    (lives[0] as { load: number }).load = 0;
    for (let i = 0; i < 3; i++) run(100, { 2: 1 });
    expect(machine.nices.size).toBe(0);
  });

  it('does not judge by less than 100 ms', () => {
    const { machine, run } = setUp([busy(1)]);
    run(60, { 1: 1 });
    expect(machine.nices.size).toBe(0);
    run(60, { 1: 1 });
    expect(machine.nices.get(1)).toBe(10);
  });

  it('lets it come back once it runs little', () => {
    const { machine, run } = setUp([busy(1)]);
    run(100, { 1: 1 });
    run(100, { 1: 0.3 });
    expect(machine.nices.get(1)).toBe(10);
    run(100, { 1: 0.1 });
    expect(machine.nices.get(1)).toBe(0);
    run(100, { 1: 1 });
    expect(machine.nices.get(1)).toBe(10);
  });

  it('leaves it where the system refuses to raise it again, and asks no more', () => {
    const { machine, run } = setUp([busy(1)]);
    machine.mayRaise = false;
    run(100, { 1: 1 });
    run(100, { 1: 0 });
    const asked = machine.asked;
    for (let i = 0; i < 5; i++) run(100, {});
    expect(machine.nices.get(1)).toBe(10);
    expect(machine.asked).toBe(asked);
  });

  it('lowers one at once when it is told to, until it runs little', () => {
    const machine = new Machine();
    const niceness = new Niceness(machine, 0);
    const life = busy(1);
    niceness.lower(life, machine.nowMs);
    expect(machine.nices.get(1)).toBe(10);
    machine.pass(100, { 1: 0.1 });
    niceness.look([life], machine.nowMs);
    expect(machine.nices.get(1)).toBe(0);
  });

  it('does not ask about lives that have nothing to do, or that have no number', () => {
    const { machine, run } = setUp([{ osThread: 1, load: 0 }, busy(undefined)]);
    run(100, {});
    expect(machine.asked).toBe(0);
  });

  it('asks about a few at a time, and in turn about all', () => {
    const lives = Array.from({ length: 40 }, (_, i) => busy(i));
    const { machine, run } = setUp(lives);
    expect(machine.asked).toBe(16);
    run(10, {});
    run(10, {});
    expect(machine.asked).toBe(40);
  });
});
