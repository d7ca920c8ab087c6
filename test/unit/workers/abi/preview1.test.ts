import { describe, expect, it } from 'vitest';
import { PREVIEW1 } from '../../../../src/protocol/preview1.js';
import { GuestExit, GuestViolation, type HostServices, instantiate } from '../../../../workers/abi/guest.js';
import { socketFunctions } from '../../../../workers/abi/preview1-sockets.js';
import { RunningClock } from '../../../../workers/host/clock.js';
import { BOUNDS, emptyServices, guestOf, moduleOf, NO_GRANTS, utf8, words } from './wat-guest.js';

const OUT = 2_048;

/** Calls one function of WASI from `activate`; the guest then shows its error number and the first 8 KiB of its memory. */
async function call(
  name: string,
  core: readonly string[],
  host: HostServices = emptyServices(),
  data: readonly [number, Uint8Array][] = [],
) {
  const env = { NAME: 'wérld', EMPTY: '' };
  const imports = [name];
  const store = `(i32.store (i32.const 3000) (call $${name} ${core.join(' ')}))`;
  const bodies = {
    'lifecycle#activate': `${store} (i32.const 1024)`,
    'neuron#export-state':
      '(i32.store (i32.const 1028) (i32.const 0)) (i32.store (i32.const 1032) (i32.const 8192)) (i32.const 1024)',
  };
  const module = await moduleOf({ exports: ['lifecycle', 'neuron'], imports, bodies, data });
  const grants = { ...NO_GRANTS, env };
  const guest = instantiate(module, { exports: ['lifecycle', 'neuron'], bounds: BOUNDS, grants, host });
  guest.beginCall(1_700_000_000_123);
  guest.lifecycle?.activate();
  const state = guest.neuron?.exportState();
  if (!state?.ok) throw new Error('the guest did not show its memory');
  const memory = Buffer.from(state.value);
  return { errno: memory.readUInt32LE(3_000), memory };
}

/** All but the functions that have tests of their own. */
const SERVED =
  /^(args|environ|clock|poll|proc_exit|random|sched|fd_(write|read|close|seek|tell|fdstat_get|fdstat_set_flags|filestat_get|prestat))/;
const WITHOUT_MEANING = [...PREVIEW1.keys()].filter((name) => !SERVED.test(name) || name === 'fd_readdir');

const i32 = (...values: number[]) => values.map((value) => `(i32.const ${value})`);

describe('WASI preview 1', () => {
  it.each(WITHOUT_MEANING)('%s answers NOTCAPABLE', async (name) => {
    const core = PREVIEW1.get(name)?.params.map((type) => `(${type}.const 0)`) ?? [];
    expect((await call(name, core)).errno).toBe(76);
  });

  it('says in the log why there are no sockets, once for each function', () => {
    const lines: string[] = [];
    const logging = { log: (_: number, text: Uint8Array) => void lines.push(Buffer.from(text).toString()) };
    const sockets = socketFunctions({ logging });
    expect([sockets['sock_send']?.(), sockets['sock_send']?.(), sockets['sock_recv']?.()]).toEqual([76, 76, 76]);
    expect(lines).toEqual([
      expect.stringMatching(/^sock_send: TCP and UDP are not offered yet.*hal9:plugin\/http$/),
      expect.stringMatching(/^sock_recv: /),
    ]);
  });

  it('sched_yield succeeds', async () => {
    expect((await call('sched_yield', [])).errno).toBe(0);
  });

  it('fd_prestat_get answers EBADF for every descriptor', async () => {
    for (const fd of [0, 3, 4, -1]) expect((await call('fd_prestat_get', i32(fd, OUT))).errno).toBe(8);
  });

  it.each(['fd_close', 'fd_tell', 'fd_fdstat_get', 'fd_filestat_get'])(
    '%s answers EBADF beyond the standard three',
    async (name) => {
      const core = PREVIEW1.get(name)?.params.length === 1 ? i32(3) : i32(3, OUT);
      expect((await call(name, core)).errno).toBe(8);
    },
  );

  it('args are empty', async () => {
    const { errno, memory } = await call('args_sizes_get', i32(OUT, OUT + 4), undefined, [[OUT, words(7, 7)]]);
    expect([errno, memory.readUInt32LE(OUT), memory.readUInt32LE(OUT + 4)]).toEqual([0, 0, 0]);
  });

  it('environ is what was granted', async () => {
    const sizes = await call('environ_sizes_get', i32(OUT, OUT + 4));
    expect([sizes.memory.readUInt32LE(OUT), sizes.memory.readUInt32LE(OUT + 4)]).toEqual([2, 19]);
    const { memory } = await call('environ_get', i32(OUT, OUT + 64));
    expect([memory.readUInt32LE(OUT), memory.readUInt32LE(OUT + 4)]).toEqual([OUT + 64, OUT + 76]);
    expect(memory.subarray(OUT + 64, OUT + 83).toString()).toBe('NAME=wérld\0EMPTY=\0');
  });

  it('the clock stands at the start of the call where time is not granted', async () => {
    const { errno, memory } = await call('clock_time_get', ['(i32.const 0)', '(i64.const 1)', `(i32.const ${OUT})`]);
    expect([errno, memory.readBigUInt64LE(OUT)]).toEqual([0, 1_700_000_000_123_000_000n]);
  });

  it('monotonic time is not refused where time is not granted', async () => {
    const { errno } = await call('clock_time_get', ['(i32.const 1)', '(i64.const 1)', `(i32.const ${OUT})`]);
    expect(errno).toBe(0);
  });

  it('the clock runs where time is granted', async () => {
    const host = emptyServices({ clock: new RunningClock() });
    const from = BigInt(Date.now()) * 1_000_000n;
    const { memory } = await call('clock_time_get', ['(i32.const 0)', '(i64.const 1)', `(i32.const ${OUT})`], host);
    expect(memory.readBigUInt64LE(OUT)).toBeGreaterThanOrEqual(from);
  });

  it('an unknown clock is EINVAL', async () => {
    expect((await call('clock_time_get', ['(i32.const 4)', '(i64.const 1)', `(i32.const ${OUT})`])).errno).toBe(28);
    expect((await call('clock_res_get', i32(-1, OUT))).errno).toBe(28);
  });

  it('random_get fills what was asked for', async () => {
    const { errno, memory } = await call('random_get', i32(OUT, 64));
    expect(errno).toBe(0);
    expect(new Set(memory.subarray(OUT, OUT + 64)).size).toBeGreaterThan(32);
    expect(memory.readBigUInt64LE(OUT + 64)).toBe(0n);
  });

  it('random_get refuses more than a megabyte', async () => {
    expect((await call('random_get', i32(0, (1 << 20) + 1))).errno).toBe(28);
  });

  it.each([
    ['random_get', i32(-16, 32)],
    ['args_sizes_get', i32(-1, OUT)],
    ['clock_res_get', i32(0, 4 * 65_536 - 4)],
    ['fd_write', i32(1, -8, 1, OUT)],
    ['fd_write', i32(1, 0, 1, -1)],
    ['fd_fdstat_get', i32(1, -4)],
    ['environ_get', i32(-4, OUT)],
    ['poll_oneoff', i32(-48, OUT, 1, OUT)],
  ])('%s with a pointer outside the memory is a violation', async (name, core) => {
    await expect(call(name, core)).rejects.toThrow(GuestViolation);
  });

  it('standard input is at its end', async () => {
    const { errno, memory } = await call('fd_read', i32(0, 0, 0, OUT), undefined, [[OUT, words(7)]]);
    expect([errno, memory.readUInt32LE(OUT)]).toEqual([0, 0]);
    expect((await call('fd_read', i32(1, 0, 0, OUT))).errno).toBe(8);
  });

  it('standard output is a device that cannot seek, so that libraries write line by line', async () => {
    const { memory } = await call('fd_fdstat_get', i32(1, OUT));
    expect([memory.readUInt8(OUT), memory.readBigUInt64LE(OUT + 8)]).toEqual([2, 64n]);
    expect(
      (await call('fd_seek', ['(i32.const 1)', '(i64.const 0)', '(i32.const 0)', `(i32.const ${OUT})`])).errno,
    ).toBe(70);
  });

  describe('fd_write', () => {
    const outputs = () => {
      const seen: [string, string][] = [];
      return {
        seen,
        host: emptyServices({ output: (stream, bytes) => void seen.push([stream, Buffer.from(bytes).toString()]) }),
      };
    };

    it('hands each piece to its stream, and says how much it took', async () => {
      const { seen, host } = outputs();
      const data: [number, Uint8Array][] = [
        [4_096, words(5_000, 3, 5_003, 2)],
        [5_000, utf8('abcde')],
      ];
      const { errno, memory } = await call('fd_write', i32(2, 4_096, 2, OUT), host, data);
      expect([errno, memory.readUInt32LE(OUT), seen]).toEqual([
        0,
        5,
        [
          ['stderr', 'abc'],
          ['stderr', 'de'],
        ],
      ]);
    });

    it('takes at most 64 KiB a call', async () => {
      const { seen, host } = outputs();
      const { memory } = await call('fd_write', i32(1, 4_096, 2, OUT), host, [[4_096, words(0, 60_000, 0, 60_000)]]);
      expect(memory.readUInt32LE(OUT)).toBe(65_536);
      expect(seen.map(([, text]) => text.length)).toEqual([60_000, 5_536]);
    });

    it('refuses a piece outside the memory', async () => {
      await expect(call('fd_write', i32(1, 4_096, 1, OUT), undefined, [[4_096, words(-1, 9)]])).rejects.toThrow(
        GuestViolation,
      );
    });

    it('refuses more pieces than POSIX allows', async () => {
      expect((await call('fd_write', i32(1, 0, 1_025, OUT))).errno).toBe(28);
    });

    it('refuses other descriptors', async () => {
      expect((await call('fd_write', i32(0, 0, 0, OUT))).errno).toBe(8);
      expect((await call('fd_write', i32(3, 0, 0, OUT))).errno).toBe(8);
    });
  });

  describe('poll_oneoff', () => {
    /** A subscription to a clock: user data, tag 0, clock, timeout, precision, flags. */
    const clock = (user: number, id: number, milliseconds: number, flags = 0): Uint8Array => {
      const nanoseconds = BigInt(Math.round(milliseconds * 1e6));
      return words(
        user,
        0,
        0,
        0,
        id,
        0,
        Number(nanoseconds & 0xffff_ffffn),
        Number(nanoseconds >> 32n),
        0,
        0,
        flags,
        0,
      );
    };
    const poll = (...subscriptions: Uint8Array[]) =>
      call('poll_oneoff', i32(4_096, OUT, subscriptions.length, 3_500), undefined, [
        [4_096, Buffer.concat(subscriptions)],
      ]);

    it('waits as long as was asked, and says which it was', async () => {
      const from = performance.now();
      const { errno, memory } = await poll(clock(11, 1, 5_000), clock(22, 1, 30));
      expect(performance.now() - from).toBeGreaterThanOrEqual(29);
      expect([errno, memory.readUInt32LE(3_500), memory.readUInt32LE(OUT), memory.readUInt8(OUT + 10)]).toEqual([
        0, 1, 22, 0,
      ]);
    });

    it('does not wait for a moment that has passed', async () => {
      const from = performance.now();
      const { memory } = await poll(clock(1, 0, 1_000, 1));
      expect(memory.readUInt32LE(3_500)).toBe(1);
      expect(performance.now() - from).toBeLessThan(900);
    });

    it('finds standard output ready at once', async () => {
      const write = words(5, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0);
      const { memory } = await poll(clock(1, 1, 60_000), write);
      expect([memory.readUInt32LE(3_500), memory.readUInt32LE(OUT), memory.readUInt8(OUT + 10)]).toEqual([1, 5, 2]);
    });

    it('answers EBADF for a descriptor that is not there', async () => {
      const read = words(5, 0, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0);
      const { memory } = await poll(read);
      expect([memory.readUInt32LE(3_500), memory.readUInt16LE(OUT + 8)]).toEqual([1, 8]);
    });

    it.each([0, 65, -1])('refuses %i subscriptions', async (count) => {
      expect((await call('poll_oneoff', i32(4_096, OUT, count, 3_500))).errno).toBe(28);
    });

    it('moves a clock that stands, so that a guest which sleeps until a moment reaches it', async () => {
      const imports = ['poll_oneoff', 'clock_time_get'];
      const now = `(drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const ${OUT})))`;
      const sleep = '(drop (call $poll_oneoff (i32.const 4096) (i32.const 5000) (i32.const 1) (i32.const 3500)))';
      const body = `${now} ${sleep} (i64.store (i32.const 3000) (i64.load (i32.const ${OUT}))) ${now}
        (if (i64.ne (i64.sub (i64.load (i32.const ${OUT})) (i64.load (i32.const 3000))) (i64.const 2000000)) (then unreachable))
        (i32.const 1024)`;
      const guest = await guestOf({ imports, bodies: { 'lifecycle#activate': body }, data: [[4_096, clock(1, 1, 2)]] });
      guest.beginCall(Date.now());
      expect(guest.lifecycle?.activate()).toEqual({ ok: true, value: undefined });
    });
  });

  describe('proc_exit', () => {
    const exit = '(call $proc_exit (i32.const 7))';

    it('ends the call with its code', async () => {
      const guest = await guestOf({
        imports: ['proc_exit'],
        bodies: { 'lifecycle#activate': `${exit} (i32.const 1024)` },
      });
      expect(() => guest.lifecycle?.activate()).toThrow(expect.objectContaining({ name: 'GuestExit', code: 7 }));
    });

    it('ends the instance although the guest catches it', async () => {
      const body = `try ${exit} catch_all end (i32.const 1024)`;
      const guest = await guestOf({ imports: ['proc_exit'], bodies: { 'lifecycle#activate': body } });
      expect(() => guest.lifecycle?.activate()).toThrow(GuestExit);
      expect(() => guest.lifecycle?.deactivate()).toThrow(GuestExit);
    });

    it('lets no host call through afterwards', async () => {
      const lines: unknown[] = [];
      const log = '(call $logging.log (i32.const 0) (i32.const 0) (i32.const 0))';
      const wasi = '(drop (call $sched_yield))';
      const body = `try ${exit} catch_all end try ${log} catch_all end ${wasi} (i32.const 1024)`;
      const wat = { imports: ['proc_exit', 'logging.log', 'sched_yield'], bodies: { 'lifecycle#activate': body } };
      const guest = await guestOf(wat, emptyServices({ logging: { log: (...line) => void lines.push(line) } }));
      expect(() => guest.lifecycle?.activate()).toThrow(GuestExit);
      expect(lines).toEqual([]);
    });

    it('during _initialize refuses the instance', async () => {
      await expect(guestOf({ imports: ['proc_exit'], initialize: exit })).rejects.toThrow(GuestExit);
    });
  });

  it("may be called by the guest's allocator, which the contract's functions may not", async () => {
    const realloc = '(drop (call $sched_yield)) (i32.const 65536)';
    const guest = await guestOf({ imports: ['sched_yield'], realloc });
    expect(guest.lifecycle?.updateConfig(utf8('{}'))).toEqual({ ok: true, value: undefined });
  });
});
