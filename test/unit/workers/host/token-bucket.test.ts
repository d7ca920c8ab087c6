import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../../workers/host/token-bucket.js';
import { Time } from './time.js';

describe('TokenBucket', () => {
  it('lets through what a second brings, at once, and then as time goes by', () => {
    const time = new Time();
    const bucket = new TokenBucket(10, time.now);
    expect(Array.from({ length: 12 }, () => bucket.take(1)).filter(Boolean)).toHaveLength(10);
    time.ms = 250;
    expect([bucket.take(2), bucket.take(1)]).toEqual([true, false]);
    time.ms = 100_000;
    expect([bucket.take(10), bucket.take(1)]).toEqual([true, false]);
  });
});
