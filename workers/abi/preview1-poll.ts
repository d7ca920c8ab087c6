import { ERRNO } from '../../src/protocol/preview1-errno.js';
import type { GuestCore } from './guest-core.js';
import type { HostClock } from './host-services.js';

/** `subscription` and `event` of `preview1/docs.md`. */
const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const CLOCK_EVENT = 0;
const READ_EVENT = 1;
const REALTIME = 0;
const CLOCKS = 4;
const ABSOLUTE = 1;
/** The Go runtime waits for one or two; nobody here has sockets. */
const MAX_SUBSCRIPTIONS = 64;

/** Waited on and never notified: ending the thread interrupts it. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

interface Subscription {
  readonly userdata: bigint;
  readonly type: number;
  readonly errno: number;
  /** How long from now; 0 for what is ready. */
  readonly nanoseconds: bigint;
  /** Standard input is at its end: nobody will ever write to it. */
  readonly hungUp?: boolean;
}

/** What may be waited for. */
export interface Pollable {
  readonly clock: HostClock;
  /** Files are always ready. */
  isOpen(fd: number): boolean;
}

/**
 * `poll_oneoff`: waits for the first of the clocks asked for. Standard descriptors and files are always ready, others are EBADF. The wait
 * blocks the thread, which is the plugin's own; the call's deadline bounds it.
 */
export function pollOneoff(
  guest: GuestCore,
  on: Pollable,
  from: number,
  to: number,
  count: number,
  answered: number,
): number {
  const size = count >>> 0;
  if (size === 0 || size > MAX_SUBSCRIPTIONS) return ERRNO.inval;
  const first = guest.area(from, size * SUBSCRIPTION_BYTES, 1);
  const out = guest.area(to, size * EVENT_BYTES, 1);
  const answeredAt = guest.area(answered, 4, 1);
  const all = Array.from({ length: size }, (_, i) => read(guest, on, first + i * SUBSCRIPTION_BYTES));
  const soonest = all.toSorted((a, b) => (a.nanoseconds < b.nanoseconds ? -1 : 1))[0]?.nanoseconds ?? 0n;
  if (soonest > 0n) {
    Atomics.wait(NEVER, 0, 0, Number(soonest) / 1e6);
    on.clock.waited(soonest);
  }
  const ready = all.filter(({ nanoseconds }) => nanoseconds <= soonest);
  for (const [i, subscription] of ready.entries()) write(guest, out + i * EVENT_BYTES, subscription);
  guest.view.setUint32(answeredAt, ready.length, true);
  return ERRNO.success;
}

function read(guest: GuestCore, { clock, isOpen }: Pollable, at: number): Subscription {
  const { view } = guest;
  const userdata = view.getBigUint64(at, true);
  const type = view.getUint8(at + 8);
  const id = view.getUint32(at + 16, true);
  if (type !== CLOCK_EVENT) {
    const known = type <= READ_EVENT + 1 && (id < 3 || isOpen(id));
    const hungUp = type === READ_EVENT && id < 3;
    return { userdata, type, errno: known ? ERRNO.success : ERRNO.badf, nanoseconds: 0n, hungUp };
  }
  if (id >= CLOCKS) return { userdata, type, errno: ERRNO.inval, nanoseconds: 0n };
  const timeout = view.getBigUint64(at + 24, true);
  const absolute = (view.getUint16(at + 40, true) & ABSOLUTE) !== 0;
  if (!absolute) return { userdata, type, errno: ERRNO.success, nanoseconds: timeout };
  const now = id === REALTIME ? clock.now() * 1_000_000n : clock.monotonic();
  return { userdata, type, errno: ERRNO.success, nanoseconds: timeout > now ? timeout - now : 0n };
}

function write(guest: GuestCore, at: number, { userdata, type, errno, hungUp }: Subscription): void {
  guest.u8.fill(0, at, at + EVENT_BYTES);
  guest.view.setBigUint64(at, userdata, true);
  guest.view.setUint16(at + 8, errno, true);
  guest.view.setUint8(at + 10, type);
  if (hungUp) guest.view.setUint16(at + 24, 1, true);
}
