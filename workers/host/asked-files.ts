import { FILE_KINDS, type FileKind, type OpenHow, openFlags } from '../../src/protocol/files.js';
import {
  bigField,
  bigOf,
  countField,
  countOf,
  type HostOperation,
  type ReceivedAnswer,
} from '../../src/protocol/host-calls.js';
import { ERROR_CODE } from '../../src/protocol/outcomes.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import { FileFault, type FileNode, type FileRoot } from '../abi/file-node.js';
import type { HostLine } from './host-line.js';

type Line = Pick<HostLine, 'ask'>;

const NO_BYTES = new Uint8Array(0);
const encoder = new TextEncoder();

/** Directories of the host. What may be done in them is decided where it is asked for. */
export function askedRoots(line: Line | undefined, directories: readonly string[] = []): FileRoot[] {
  if (line === undefined) return [];
  return directories.map((path) => {
    const place = [countField(0), encoder.encode(path)] as const;
    return { path, directory: new AskedNode(line, place, { kind: 'directory', isReadable: true, isWritable: true }) };
  });
}

type Node = Pick<FileNode, 'kind' | 'isReadable' | 'isWritable'>;

class AskedNode implements FileNode {
  readonly kind: FileKind;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  readonly #line: Line;
  /** Its handle, or 0 and where the guest found it open. */
  readonly #place: readonly [Uint8Array, Uint8Array];

  constructor(line: Line, place: readonly [Uint8Array, Uint8Array], { kind, isReadable, isWritable }: Node) {
    this.kind = kind;
    this.isReadable = isReadable;
    this.isWritable = isWritable;
    this.#line = line;
    this.#place = place;
  }

  stat(): Uint8Array {
    return this.statAt(NO_BYTES);
  }

  read(offset: number, maxBytes: number): Uint8Array {
    const [bytes = NO_BYTES] = this.#onHandle('files.read', bigField(BigInt(offset)), countField(maxBytes));
    return bytes;
  }

  write(offset: number | undefined, bytes: Uint8Array): { written: number; end: number } {
    const at = offset === undefined ? NO_BYTES : bigField(BigInt(offset));
    const [written, end] = this.#onHandle('files.write', at, bytes);
    return { written: countOf(written) ?? 0, end: Number(bigOf(end) ?? 0n) };
  }

  resize(sizeBytes: bigint, onlyGrow: boolean): void {
    this.#onHandle('files.resize', bigField(sizeBytes), countField(onlyGrow ? 1 : 0));
  }

  sync(): void {
    // One that was there from the start has nothing to write.
    if (countOf(this.#place[0]) !== 0) this.#onHandle('files.sync');
  }

  list(): Uint8Array {
    const [entries = NO_BYTES] = this.#at('files.list', NO_BYTES);
    return entries;
  }

  open(path: Uint8Array, how: OpenHow): FileNode {
    const [handle = NO_BYTES, kind] = this.#at('files.open', path, countField(openFlags(how)));
    const isDirectory = countOf(kind) === FILE_KINDS.directory;
    return new AskedNode(this.#line, [handle, NO_BYTES], {
      kind: isDirectory ? 'directory' : 'file',
      isReadable: how.read,
      isWritable: how.write || isDirectory,
    });
  }

  statAt(path: Uint8Array): Uint8Array {
    const [stat] = this.#at('files.stat', path);
    if (stat === undefined) throw new FileFault(ERRNO.io);
    return stat;
  }

  makeDirectory(path: Uint8Array): void {
    this.#at('files.make-directory', path);
  }

  removeDirectory(path: Uint8Array): void {
    this.#at('files.remove-directory', path);
  }

  unlink(path: Uint8Array): void {
    this.#at('files.unlink', path);
  }

  rename(path: Uint8Array, to: FileNode, toPath: Uint8Array): void {
    if (!(to instanceof AskedNode)) throw new FileFault(ERRNO.xdev);
    this.#at('files.rename', path, ...to.#place, toPath);
  }

  setTimes(path: Uint8Array | undefined, accessedNs: bigint, modifiedNs: bigint): void {
    this.#at('files.set-times', path ?? NO_BYTES, bigField(accessedNs), bigField(modifiedNs));
  }

  close(): void {
    if (countOf(this.#place[0]) !== 0) this.#onHandle('files.close');
  }

  #at(operation: HostOperation, path: Uint8Array, ...more: Uint8Array[]): Uint8Array[] {
    return asked(this.#line, operation, [...this.#place, path, ...more]);
  }

  #onHandle(operation: HostOperation, ...more: Uint8Array[]): Uint8Array[] {
    return asked(this.#line, operation, [this.#place[0], ...more]);
  }
}

/** @throws FileFault where it was not done */
function asked(line: Line, operation: HostOperation, fields: readonly Uint8Array[]): Uint8Array[] {
  const answer = line.ask(operation, fields);
  if (!answer.ok) throw new FileFault(errnoOf(answer));
  const [errno, ...rest] = answer.fields;
  const number = countOf(errno) ?? ERRNO.io;
  if (number !== ERRNO.success) throw new FileFault(number);
  return rest;
}

/** What a refusal is as an error number: what is not allowed looks as on any system, and what is too much as what it is too much of. */
function errnoOf({ code, details }: Extract<ReceivedAnswer, { ok: false }>): number {
  switch (code + 1) {
    case ERROR_CODE.PERMISSION_DENIED:
      return toldIn(details, ERRNO.acces);
    case ERROR_CODE.NOT_IMPLEMENTED:
      return ERRNO.notsup;
    case ERROR_CODE.INVALID_INPUT:
      return ERRNO.inval;
    case ERROR_CODE.RESOURCE_EXHAUSTED:
      return toldIn(details, ERRNO.dquot);
    default:
      return ERRNO.io;
  }
}

/** The details may have the number. */
function toldIn(details: Uint8Array | undefined, otherwise: number): number {
  if (details === undefined) return otherwise;
  const { errno } = JSON.parse(new TextDecoder().decode(details)) as { errno?: unknown };
  return typeof errno === 'number' ? errno : otherwise;
}
