import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { type Denial, Denials, MAX_TARGETS } from '../../../src/access/denials.js';

const LONG_MS = 60_000;
const of = (target: string, actor = 'runner'): Denial => ({ reason: 'role_missing', actor, target, detail: '' });

function open(intervalMs: number): { denials: Denials; told: string[]; next: () => Promise<void> } {
  const told: string[] = [];
  let heard = (): void => {};
  const denials = new Denials({
    log: pino({ level: 'silent' }),
    metrics: { denied: () => {} },
    intervalMs,
    onDenial({ actor, target }, count) {
      told.push(`${actor} ${target} ${count}`);
      heard();
    },
  });
  return { denials, told, next: () => new Promise((resolve) => (heard = resolve)) };
}

describe('Denials', () => {
  test("tells the rest of a burst at the interval's end, though nobody is denied any more", async () => {
    const { denials, told, next } = open(5);
    for (let i = 0; i < 20; i++) denials.note(of('/Uninstall'));
    expect(told).toEqual(['runner /Uninstall 1']);
    await next();
    expect(told).toEqual(['runner /Uninstall 1', 'runner /Uninstall 19']);
  });

  test('tells it when it is flushed, once', () => {
    const { denials, told } = open(LONG_MS);
    for (let i = 0; i < 3; i++) denials.note(of('/Uninstall'));
    denials.flush();
    denials.flush();
    expect(told).toEqual(['runner /Uninstall 1', 'runner /Uninstall 2']);
  });

  test('lets no harmless denial cover those of other methods', () => {
    const { denials, told } = open(LONG_MS);
    for (const target of ['/List', '/Uninstall', '/List', '/TrustKey']) denials.note(of(target));
    expect(told).toEqual(['runner /List 1', 'runner /Uninstall 1', 'runner /TrustKey 1']);
  });

  test('tells a bounded number of targets apart, for each actor', () => {
    const { denials, told } = open(LONG_MS);
    const more = 1_000;
    for (let i = 0; i < MAX_TARGETS + more; i++) denials.note(of(`/${i}`, ''));
    denials.note(of('/Uninstall'));
    expect(told).toHaveLength(MAX_TARGETS + 2);
    expect(told.at(-1)).toBe('runner /Uninstall 1');
    denials.flush();
    expect(told.at(-1)).toBe(` (several) ${more - 1}`);
  });
});
