import { describe, expect, it } from 'vitest';
import { RunningClock, StandingClock } from '../../../../workers/host/clock.js';

describe('StandingClock', () => {
  it('stands at the start of the call, and moves by what the guest waits', () => {
    const clock = new StandingClock();
    clock.beginCall(1_000);
    const started = clock.monotonic();
    expect([clock.now(), clock.now()]).toEqual([1_000n, 1_000n]);
    clock.waited(5_000_000n);
    expect([clock.now(), clock.monotonic() - started]).toEqual([1_005n, 5_000_000n]);
  });

  it('follows the system back, but for monotonic time', () => {
    const clock = new StandingClock();
    clock.beginCall(1_000);
    const started = clock.monotonic();
    clock.beginCall(400);
    expect([clock.now(), clock.monotonic() - started]).toEqual([400n, 0n]);
    clock.beginCall(500);
    expect([clock.now(), clock.monotonic() - started]).toEqual([500n, 100_000_000n]);
  });

  it.each([new StandingClock(), new RunningClock()])(
    'never tells a monotonic time of 0, which Go takes for a fault',
    (clock) => {
      clock.beginCall(Date.now());
      expect(clock.monotonic()).toBeGreaterThan(0n);
    },
  );

  it('stands where time is granted and withheld from a call, and runs in the next one', async () => {
    const clock = new RunningClock();
    const moves = async (): Promise<boolean> => {
      const before = clock.monotonic();
      await new Promise((resolve) => setTimeout(resolve, 2));
      return clock.monotonic() > before;
    };
    clock.beginCall(5_000, true);
    expect([clock.now(), await moves()]).toEqual([5_000n, false]);
    clock.waited(3_000_000n);
    expect(clock.now()).toBe(5_003n);
    clock.beginCall(6_000);
    expect([await moves(), clock.now() > 1_000_000n]).toEqual([true, true]);
  });
});
