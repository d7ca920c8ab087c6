import { PREVIEW1 } from '../../src/protocol/preview1.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import type { CoreFunctions, GuestCore } from './guest-core.js';
import type { HostServices } from './host-services.js';
import { readStandardInput, standardFileStat, standardStat, writeStandardOutput } from './preview1-descriptors.js';
import { fileFunctions } from './preview1-files.js';
import { OpenFiles } from './preview1-open-files.js';
import { pollOneoff } from './preview1-poll.js';
import { socketFunctions } from './preview1-sockets.js';
import { GuestExit } from './violation.js';

const CLOCKS = 4;
const REALTIME = 0;
/** The contract's clock counts milliseconds. */
const REALTIME_RESOLUTION_NS = 1_000_000n;
/** A longer request is refused: no seed or key is that long. Filled in steps, so that ending the thread interrupts it. */
const MAX_RANDOM_BYTES = 1 << 20;
const RANDOM_STEP_BYTES = 1 << 16;
/** Standard input, output and error. */
const DESCRIPTORS = 3;

type Wasi = (...core: number[]) => number;

/**
 * The functions of `wasi_snapshot_preview1`. Output goes to the plugin's log; there are a clock, random numbers, an exit, and
 * the environment that was granted; files are those of the roots that the host has. Where it has none, descriptors beyond the
 * standard three are EBADF (which `fd_prestat_get` must answer: Rust's libc exits at any other number, Go panics), and
 * what has no meaning here is NOTCAPABLE.
 */
export function servePreview1(
  guest: GuestCore,
  env: Readonly<Record<string, string>>,
  host: HostServices,
): CoreFunctions {
  const served: Record<string, (...core: never[]) => number> = {};
  for (const name of PREVIEW1.keys()) served[name] = () => ERRNO.notcapable;
  Object.assign(served, socketFunctions(host));
  const files = new OpenFiles(host.files);
  Object.assign(
    served,
    argumentsAndEnvironment(guest, env, host),
    clockAndRandom(guest, host),
    descriptors(guest, host),
    {
      poll_oneoff: (from: number, to: number, count: number, answered: number) =>
        pollOneoff(
          guest,
          { clock: host.clock, isOpen: (fd) => files.get(fd) !== undefined },
          from,
          to,
          count,
          answered,
        ),
      sched_yield: () => ERRNO.success,
      proc_exit: (code: number) => {
        throw new GuestExit(code >>> 0);
      },
    },
  );
  if (host.files.length > 0) Object.assign(served, fileFunctions(guest, files, served));
  return guarded(guest, served as Record<string, Wasi>);
}

/** Each function refuses a dead instance, and ends the instance when it throws. */
function guarded(guest: GuestCore, served: Record<string, Wasi>): CoreFunctions {
  const guard =
    (serve: Wasi) =>
    (...core: number[]) => {
      guest.enterWasi();
      try {
        return serve(...core);
      } catch (error) {
        throw guest.failed(error);
      }
    };
  return Object.fromEntries(Object.entries(served).map(([name, serve]) => [name, guard(serve)])) as CoreFunctions;
}

/** An empty environment is not asked for once its size is known: then asking for the size is what counts. */
function argumentsAndEnvironment(guest: GuestCore, env: Readonly<Record<string, string>>, host: HostServices) {
  const variables = Object.entries(env).map(([name, value]) => new TextEncoder().encode(`${name}=${value}\0`));
  const total = variables.reduce((sum, variable) => sum + variable.length, 0);
  const sizes = (count: number, bytes: number) => (countAt: number, bytesAt: number) => {
    guest.view.setUint32(guest.area(countAt, 4, 1), count, true);
    guest.view.setUint32(guest.area(bytesAt, 4, 1), bytes, true);
    return ERRNO.success;
  };
  const environmentSizes = sizes(variables.length, total);
  return {
    args_sizes_get: sizes(0, 0),
    args_get: () => ERRNO.success,
    environ_sizes_get: (countAt: number, bytesAt: number) => {
      if (variables.length === 0) host.environmentRead();
      return environmentSizes(countAt, bytesAt);
    },
    environ_get: (pointers: number, bytes: number) => {
      if (variables.length > 0) host.environmentRead();
      let pointerAt = guest.area(pointers, variables.length * 4, 1);
      let at = guest.area(bytes, total, 1);
      guest.crossed(total);
      for (const variable of variables) {
        guest.view.setUint32(pointerAt, at, true);
        guest.u8.set(variable, at);
        pointerAt += 4;
        at += variable.length;
      }
      return ERRNO.success;
    },
  };
}

function clockAndRandom(guest: GuestCore, { clock, random }: HostServices) {
  return {
    clock_time_get: (id: number, _precision: bigint, at: number) => {
      if (id >>> 0 >= CLOCKS) return ERRNO.inval;
      guest.view.setBigUint64(
        guest.area(at, 8, 1),
        id === REALTIME ? clock.now() * 1_000_000n : clock.monotonic(),
        true,
      );
      return ERRNO.success;
    },
    clock_res_get: (id: number, at: number) => {
      if (id >>> 0 >= CLOCKS) return ERRNO.inval;
      guest.view.setBigUint64(guest.area(at, 8, 1), id === REALTIME ? REALTIME_RESOLUTION_NS : 1n, true);
      return ERRNO.success;
    },
    random_get: (pointer: number, length: number) => {
      const size = length >>> 0;
      if (size > MAX_RANDOM_BYTES) return ERRNO.inval;
      const start = guest.area(pointer, size, 1);
      guest.crossed(size);
      for (let at = start; at < start + size; at += RANDOM_STEP_BYTES) {
        random.fill(guest.u8.subarray(at, Math.min(at + RANDOM_STEP_BYTES, start + size)));
      }
      return ERRNO.success;
    },
  };
}

function descriptors(guest: GuestCore, host: HostServices) {
  const isStandard = (fd: number) => fd >>> 0 < DESCRIPTORS;
  const standard =
    (answer: (fd: number, ...core: number[]) => number) =>
    (fd: number, ...core: number[]) =>
      isStandard(fd) ? answer(fd, ...core) : ERRNO.badf;
  return {
    fd_write: (fd: number, vectors: number, count: number, written: number) =>
      fd === 1 || fd === 2 ? writeStandardOutput(guest, host, fd, vectors, count, written) : ERRNO.badf,
    fd_read: (fd: number, _vectors: number, _count: number, read: number) =>
      fd === 0 ? readStandardInput(guest, read) : ERRNO.badf,
    fd_fdstat_get: standard((fd, at) => standardStat(guest, fd, at as number)),
    fd_filestat_get: standard((_fd, at) => standardFileStat(guest, at as number)),
    fd_close: standard(() => ERRNO.success),
    fd_fdstat_set_flags: standard(() => ERRNO.success),
    fd_seek: standard(() => ERRNO.spipe),
    fd_tell: standard(() => ERRNO.spipe),
    fd_prestat_get: () => ERRNO.badf,
    fd_prestat_dir_name: () => ERRNO.badf,
  };
}
