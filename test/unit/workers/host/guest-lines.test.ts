import { describe, expect, it } from 'vitest';
import type { LogMessage } from '../../../../src/protocol/bind.js';
import { GuestLines } from '../../../../workers/host/guest-lines.js';
import { BOUNDS, utf8 } from '../abi/wat-guest.js';
import { Time } from './time.js';

describe('GuestLines', () => {
  function lines(time = new Time()) {
    const posted: LogMessage[] = [];
    return { posted, lines: new GuestLines(BOUNDS, (message) => posted.push(message), time.now) };
  }

  it('keeps the order, and the call that was running', () => {
    const { posted, lines: log } = lines();
    log.add('info', 'log', utf8('loading'));
    log.beginCall(7);
    log.add('warn', 'stderr', utf8('calling'));
    log.flush();
    expect(posted).toEqual([
      {
        type: 'log',
        lines: [
          { level: 'info', stream: 'log', text: 'loading', call: 0 },
          { level: 'warn', stream: 'stderr', text: 'calling', call: 7 },
        ],
        droppedLines: 0,
        droppedBytes: 0,
      },
    ]);
  });

  it('posts nothing when there is nothing', () => {
    const { posted, lines: log } = lines();
    log.flush();
    expect(posted).toEqual([]);
  });

  it('cuts a line that is too long between characters, says so, and counts what is gone', () => {
    const { posted, lines: log } = lines();
    log.add('info', 'log', utf8(`${'x'.repeat(99)}é!`));
    log.flush();
    expect(posted[0]?.lines[0]?.text).toBe(`${'x'.repeat(99)}… (3 bytes cut)`);
    expect(posted[0]?.droppedBytes).toBe(3);
  });

  it('drops and counts lines beyond the rate, until time has passed', () => {
    const time = new Time();
    const { posted, lines: log } = lines(time);
    for (let i = 0; i < 25; i++) log.add('info', 'log', utf8('four'));
    log.flush();
    expect(posted[0]?.lines).toHaveLength(10);
    expect([posted[0]?.droppedLines, posted[0]?.droppedBytes]).toEqual([15, 60]);
    time.ms = 100;
    log.add('info', 'log', utf8('again'));
    log.flush();
    expect(posted[1]).toMatchObject({ droppedLines: 0, lines: [{ text: 'again' }] });
  });

  it('drops lines beyond the bytes a second', () => {
    const posted: LogMessage[] = [];
    const bounds = { ...BOUNDS, logBytes: { perSecond: 10 }, logLines: { perSecond: 100 } };
    const log = new GuestLines(
      bounds,
      (message) => posted.push(message),
      () => 0,
    );
    log.add('info', 'log', utf8('12345678'));
    log.add('info', 'log', utf8('12345678'));
    log.flush();
    expect(posted[0]).toMatchObject({ lines: [{ text: '12345678' }], droppedLines: 1, droppedBytes: 8 });
  });

  it('posts by itself before much has come together', () => {
    const posted: LogMessage[] = [];
    const bounds = { ...BOUNDS, logLines: { perSecond: 1_000 }, logBytes: { perSecond: 1 << 20 } };
    const log = new GuestLines(
      bounds,
      (message) => posted.push(message),
      () => 0,
    );
    for (let i = 0; i < 64; i++) log.add('info', 'log', utf8('line'));
    expect(posted.map((message) => message.lines.length)).toEqual([64]);
  });

  it('replaces what is not UTF-8', () => {
    const { posted, lines: log } = lines();
    log.add('info', 'stdout', Uint8Array.of(0x61, 0xff, 0x62));
    log.flush();
    expect(posted[0]?.lines[0]?.text).toBe('a\uFFFDb');
  });
});
