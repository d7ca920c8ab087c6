import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/protocol/token-bucket.js';

describe('TokenBucket', () => {
  it('gives what a second brings at once, and then as time goes by', () => {
    let ms = 0;
    const bucket = new TokenBucket({ perSecond: 10 }, () => ms);
    expect(Array.from({ length: 11 }, () => bucket.take())).toEqual([...Array<number>(10).fill(0), 100]);
    ms = 99;
    expect(bucket.take()).toBeGreaterThan(0);
    ms = 200;
    expect([bucket.take(2), bucket.take()]).toEqual([0, 100]);
  });

  it('lets through what is more than ever comes together, once there is all', () => {
    let ms = 0;
    const bucket = new TokenBucket({ perSecond: 10 }, () => ms);
    expect([bucket.take(11), bucket.take(11)]).toEqual([0, 1_000]);
    ms = 1_000;
    expect(bucket.take(11)).toBe(0);
  });

  it('keeps what was taken when its rate changes', () => {
    let ms = 0;
    const bucket = new TokenBucket({ perSecond: 10 }, () => ms);
    bucket.take(10);
    bucket.change({ perSecond: 20, burst: 12 });
    expect([bucket.taken(), bucket.take(2), bucket.take()]).toEqual([10, 0, 50]);
    ms = 600;
    expect(bucket.taken()).toBe(0);
  });

  it('says how long it takes until there is enough, and takes nothing then', () => {
    let ms = 0;
    const bucket = new TokenBucket({ perSecond: 100, burst: 20 }, () => ms);
    expect(bucket.take(15)).toBe(0);
    expect(bucket.take(20)).toBe(150);
    expect(bucket.take(5)).toBe(0);
    ms = 200;
    expect(bucket.take(20)).toBe(0);
  });

  it('makes up for what was spent beyond what there was', () => {
    let ms = 0;
    const bucket = new TokenBucket({ perSecond: 1_000, burst: 500 }, () => ms);
    expect(bucket.take()).toBe(0);
    bucket.spend(2_499);
    expect(bucket.take()).toBe(2_001);
    ms = 2_001;
    expect([bucket.take(), bucket.take()]).toEqual([0, 10]);
  });

  it('keeps no more than its burst, and names no wait that is too short to be of use', () => {
    let ms = 0;
    const bucket = new TokenBucket({ perSecond: 5_000 }, () => ms);
    ms = 3_600_000;
    expect(bucket.take(5_000)).toBe(0);
    expect(bucket.take()).toBe(10);
  });
});
