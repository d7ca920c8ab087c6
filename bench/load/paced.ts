import type { UnaryCalls } from './unary.js';

/** How often it is looked whether a call is due. */
const TICK_MS = 1;

/** Sends calls at a rate, whether or not the last ones are answered, as callers do who know nothing of each other. */
export function sendPaced(
  calls: UnaryCalls,
  { count, perSecond }: { count: number; perSecond: number },
): Promise<void> {
  const start = performance.now();
  let sent = 0;
  return new Promise((resolve, reject) => {
    const answered = (): void => {
      if (calls.times.length === count) resolve();
    };
    const timer = setInterval(() => {
      const due = Math.min(count, 1 + Math.floor(((performance.now() - start) * perSecond) / 1_000));
      for (; sent < due; sent++) calls.send(answered, reject);
      if (sent === count) clearInterval(timer);
    }, TICK_MS);
  });
}
