import { FILE_LIMITS } from '../../limits/files.js';
import type { RateName } from '../../limits/host-rates.js';
import type { PluginLimits } from '../../limits/plugin-limits.js';
import { type FileStat, openHow, packStat } from '../../protocol/files.js';
import {
  bigField,
  bigOf,
  countField,
  countOf,
  HOST_OPERATIONS,
  type HostAnswer,
  type HostOperation,
  type HostRefusal,
} from '../../protocol/host-calls.js';
import { ERRNO } from '../../protocol/preview1-errno.js';
import type { FileKind } from '../../sandbox/file-rights.js';
import type { Passing } from '../gate.js';
import { type LimitUse, quotaUse } from '../limit-use.js';
import type { Rates } from '../rates.js';
import { ended, notHere } from '../refusals.js';
import type { HostService, Prepared, Rights } from '../service.js';
import { done, failedWith } from './answers.js';
import { askedOpen } from './asked-open.js';
import type { FileAnswer, FileStore, Place } from './backend.js';
import { type Located, Locator, needing, whereOf } from './locator.js';
import { type Handle, type HandleNumbers, OpenHandles } from './open-handles.js';
import type { PluginRoots } from './plugin-roots.js';

type FileOperation = Extract<HostOperation, `files.${string}`>;
type Fields = readonly Uint8Array[];
type Act = (passing: Passing) => Promise<HostAnswer>;

const OPERATIONS = HOST_OPERATIONS.filter((name): name is FileOperation => name.startsWith('files.'));

const RATES: readonly RateName[] = ['file operations', 'file time', 'file bytes in', 'file bytes out'];
const NO_BYTES = new Uint8Array(0);

export interface FileCallsParts {
  /** Undefined where this system cannot keep guests inside a root: then nothing is done. */
  store: FileStore | undefined;
  roots: PluginRoots;
  handles: HandleNumbers;
  rates: Rates;
  limits: PluginLimits;
}

/** One plugin's calls of preview 1's file functions: the rights to where something is now, then the rates, and then the files thread. */
export class FileCalls implements HostService {
  readonly operations = OPERATIONS;
  readonly #store: FileStore | undefined;
  readonly #locator: Locator;
  readonly #handles: OpenHandles;
  readonly #rates: Rates;
  readonly #roots: PluginRoots;
  readonly #limits: PluginLimits;

  constructor({ store, roots, handles, rates, limits }: FileCallsParts) {
    this.#roots = roots;
    this.#limits = limits;
    this.#store = store?.chargedTo((us) => rates.spend('file time', us));
    this.#handles = new OpenHandles(handles, (gone) => void this.#store?.close(gone).catch(() => undefined), limits);
    this.#locator = new Locator({ store: this.#store, roots, handles: this.#handles, limits });
    this.#rates = rates;
  }

  async uses(): Promise<LimitUse[]> {
    const { scratch, added } = this.#roots.spaces;
    const none = { bytes: 0, entries: 0 };
    const inScratch = (await this.#store?.used(scratch.key, scratch)) ?? none;
    const inRoots = (await this.#store?.used(added, undefined)) ?? none;
    return [
      quotaUse('scratch bytes', inScratch.bytes, this.#limits),
      quotaUse('scratch entries', inScratch.entries, this.#limits),
      quotaUse('added file bytes', inRoots.bytes, this.#limits),
      quotaUse('added file entries', inRoots.entries, this.#limits),
      quotaUse('plugin file handles', this.#handles.open, this.#limits),
    ];
  }

  read(operation: FileOperation, fields: Fields, passing: Passing): Prepared | HostRefusal {
    const store = this.#store;
    if (store === undefined) return notHere(operation);
    const act = this.#asked(store, operation, fields, passing);
    if ('ok' in act) return act.ok ? prepared(async () => act) : act;
    return prepared(async (now) => (now.signal.aborted ? ended() : act(now)));
  }

  #asked(store: FileStore, operation: FileOperation, fields: Fields, passing: Passing): Act | HostAnswer {
    const at = <T>(
      kind: FileKind,
      work: (place: Place) => Promise<FileAnswer<T>>,
      answer: (value: T, rights: Rights) => Uint8Array[] = () => [],
    ): Act | HostAnswer =>
      this.#locator.at([whereOf(fields)], passing, needing(kind), ([place]) => work(place as Place), answer);
    switch (operation) {
      case 'files.open':
        return this.#open(store, fields, passing);
      case 'files.stat':
        if (fields[2]?.length === 0 && countOf(fields[0]) !== 0) return this.#statOf(store, fields, passing);
        return at('FileRead', store.statAt, statFields);
      case 'files.list':
        return at('FileRead', store.list, (entries) => [entries]);
      case 'files.make-directory':
        return at('FileCreate', store.makeDirectory);
      case 'files.remove-directory':
        return at('FileWrite', store.removeDirectory);
      case 'files.unlink':
        return at('FileWrite', store.unlink);
      case 'files.set-times': {
        const [accessed = 0n, modified = 0n] = [bigOf(fields[3]), bigOf(fields[4])];
        return at('FileWrite', (place) => store.setTimes(place, accessed, modified));
      }
      case 'files.rename':
        return this.#rename(store, fields, passing);
      default:
        return this.#onHandle(store, operation, fields, passing);
    }
  }

  #open(store: FileStore, fields: Fields, passing: Passing): Act | HostAnswer {
    const how = openHow(countOf(fields[3]) ?? 0);
    return askedOpen({ store, how, where: whereOf(fields), handles: this.#handles, locator: this.#locator }, passing);
  }

  /**
   * What is moved takes all below it along: nothing of that may come to where something is denied, and what may be read where it comes
   * to must have been readable where it was.
   */
  #rename(store: FileStore, fields: Fields, passing: Passing): Act | HostAnswer {
    const wheres = [whereOf(fields), whereOf(fields.slice(3))];
    let mayReplace = false;
    const check = ([from, to]: readonly Located[], { files }: Rights): [FileKind, string] | undefined => {
      if (from === undefined || to === undefined) return undefined;
      if (!files.tried('FileWrite', from.path) || !files.whole('FileWrite', from.path)) return ['FileWrite', from.path];
      if (!files.tried('FileCreate', to.path) || !files.whole('FileCreate', to.path)) return ['FileCreate', to.path];
      mayReplace = files.at('FileWrite', to.path);
      if (mayReplace && !files.whole('FileWrite', to.path)) return ['FileWrite', to.path];
      const shows = files.some('FileRead', to.path) && !files.whole('FileRead', from.path);
      return shows ? ['FileRead', from.path] : undefined;
    };
    const work = async ([from, to]: readonly Place[]): Promise<FileAnswer<undefined>> => {
      if (from === undefined || to === undefined || from.root.key !== to.root.key)
        return { outcome: 'failed', errno: ERRNO.xdev };
      return store.rename(from, to, mayReplace);
    };
    return this.#locator.at(wheres, passing, check, work, () => []);
  }

  #statOf(store: FileStore, fields: Fields, passing: Passing): Act | HostAnswer {
    const handle = this.#handle(fields, passing);
    if (handle === undefined) return failedWith(ERRNO.badf);
    return this.#held('FileRead', handle, async ({ rights }) =>
      this.#answer(handle, await store.stat(handle.number), (stat) => statFields(stat, rights)),
    );
  }

  #onHandle(store: FileStore, operation: FileOperation, fields: Fields, passing: Passing): Act | HostAnswer {
    const handle = this.#handle(fields, passing);
    if (handle === undefined) return failedWith(ERRNO.badf);
    const { number, isWritable } = handle;
    const offset = bigOf(fields[1]) ?? 0n;
    if (offset < 0n || offset > Number.MAX_SAFE_INTEGER) return failedWith(ERRNO.inval);
    switch (operation) {
      case 'files.read':
        return this.#held('FileRead', handle, async () => {
          const answer = await store.read(number, Number(offset), countOf(fields[2]) ?? 0);
          if (answer.outcome === 'done') this.#rates.spend('file bytes in', answer.value.length);
          return this.#answer(handle, answer, (bytes) => [bytes]);
        });
      case 'files.write': {
        const bytes = fields[2] ?? NO_BYTES;
        if (!isWritable) return failedWith(ERRNO.badf);
        if (bytes.length > FILE_LIMITS.maxPieceBytes) return failedWith(ERRNO.inval);
        return this.#held('FileWrite', handle, async () => {
          this.#rates.spend('file bytes out', bytes.length);
          const at = fields[1]?.length === 0 ? undefined : Number(offset);
          return this.#answer(handle, await store.write(number, at, bytes), ({ written, end }) => [
            countField(written),
            bigField(BigInt(end)),
          ]);
        });
      }
      case 'files.resize':
        if (!isWritable) return failedWith(ERRNO.badf);
        return this.#held('FileWrite', handle, async () =>
          this.#answer(handle, await store.resize(number, Number(offset), countOf(fields[2]) === 1), () => []),
        );
      case 'files.sync':
        return async () => this.#answer(handle, await store.sync(number), () => []);
      default:
        return async ({ signal }) => {
          if (this.#handles.remove(signal, number)) await store.close([number]);
          return done();
        };
    }
  }

  /** What is done with an open file, where those that wait may do it too. */
  #held(kind: FileKind, handle: Handle, act: Act): Act {
    return async (passing) => (await this.#locator.lackingFor(passing, kind, handle)) ?? act(passing);
  }

  #handle([number]: Fields, { signal }: Passing): Handle | undefined {
    return this.#handles.get(signal, countOf(number) ?? 0);
  }

  #answer<T>({ root, at, path = [] }: Handle, answer: FileAnswer<T>, fields: (value: T) => Uint8Array[]): HostAnswer {
    return this.#locator.answer(answer, fields, { root, path: `${at}/${path.join('/')}` });
  }
}

function prepared(act: Act): Prepared {
  return { rates: RATES, waits: true, act };
}

/** Who may not tell time is not told it by files. */
function statFields(stat: FileStat, rights: Rights): Uint8Array[] {
  const timeless = { accessedNs: 0n, modifiedNs: 0n, changedNs: 0n };
  return [packStat(rights.has('SystemTime') ? stat : { ...stat, ...timeless })];
}
