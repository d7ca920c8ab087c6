/**
 * What is installed: packages by the digest of their contents, and the index of plugins.
 *
 * Beside each package lies a summary with all that a start needs (manifest, digest of the module), so that a start neither unzips nor
 * hashes packages. A summary that is missing or damaged is made again from its package.
 */

import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HostError } from '../errors.js';
import { permissionSchema } from '../permissions.js';
import { HEX_DIGEST, MANIFEST_PATH, type PackageContents } from './contents.js';
import { passed } from './crash-steps.js';
import { writeDataFile } from './data-file.js';
import { syncDirectory, systemCode } from './durable-file.js';
import { type Manifest, parseManifest } from './manifest.js';
import { type PackageFiles, sizesOf } from './package-files.js';
import { readFiles, readPackage } from './read.js';
import { sha256 } from './signature/statement.js';
import { zipFiles } from './zip-write.js';

/** What the operator has decided for one line of versions: see `sandbox/decisions.ts`. */
const lineDecisions = z.strictObject({
  decided: z.array(permissionSchema),
  grant: z.array(permissionSchema),
  deny: z.array(permissionSchema),
});
const indexEntry = z.strictObject({
  id: z.string(),
  version: z.string(),
  digest: z.string().regex(HEX_DIGEST),
  active: z.boolean(),
  /** The operator's configuration: one JSON object as text. */
  config: z.string(),
  installedAtMs: z.number(),
  /** By line of versions. */
  grants: z.record(z.string(), lineDecisions).default({}),
  /** The public keys that signed it, in base64, whether they were trusted or not. */
  signedBy: z.array(z.string()).default([]),
});
const indexDocument = z.strictObject({ plugins: z.array(indexEntry) });
const summaryDocument = z.strictObject({
  wasmDigest: z.string().regex(HEX_DIGEST),
  manifest: z.string(),
  /** Of the files that the manifest names. */
  sizes: z.array(z.tuple([z.string(), z.number()])),
  /** sha256 of the others, as text, each with a line break behind it. */
  checksum: z.string(),
});
type Summary = Omit<z.infer<typeof summaryDocument>, 'checksum'>;

/** An installed plugin and its state. */
export type IndexEntry = z.infer<typeof indexEntry>;

/** A package as a start sees it: the package is read when `load` or `read` is called, and only then. */
export interface StoredPackage extends PackageFiles {
  readonly digest: string;
  readonly manifest: Manifest;
  readonly wasmDigest: string;
  load(): Promise<PackageContents>;
}

export class PackageStore {
  readonly #packages: string;
  readonly #index: string;
  readonly #aside: string;
  /** Index writes happen one after the other, in the order of their calls. */
  #lastIndexWrite: Promise<void> = Promise.resolve();

  /** @param root the data directory; `packages` and `aside` exist in it */
  constructor(root: string) {
    this.#packages = join(root, 'packages');
    this.#index = join(root, 'plugins.json');
    this.#aside = join(root, 'aside');
  }

  /**
   * Keeps a package. It is there for good once this has returned; until the index names it, the next start may remove it.
   * @param originalBytes the `.hal9` file, where there is one
   */
  async put(contents: PackageContents, originalBytes?: Uint8Array): Promise<void> {
    const path = this.#path(contents.digest, 'hal9');
    const bytes = originalBytes ?? (await zipFiles(contents.files));
    await writeDataFile(path, bytes, { asideDirectory: this.#aside, durable: true });
    await this.#writeSummary(contents);
  }

  /** @throws HostError DATA_DIR_DAMAGED where the package is missing or is not what its name says */
  async load(digest: string): Promise<PackageContents> {
    let contents: PackageContents;
    try {
      contents = await readPackage(await readFile(this.#path(digest, 'hal9')));
    } catch (error) {
      throw damaged(`the package ${digest} is missing or unreadable; install the plugin again`, error);
    }
    if (contents.digest !== digest) {
      throw damaged(`the package ${digest} has other contents (${contents.digest}); install the plugin again`);
    }
    return contents;
  }

  /** Some files of a package: the others are not unpacked. Errors as `load`. */
  async read(digest: string, paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    try {
      return await readFiles(await readFile(this.#path(digest, 'hal9')), paths);
    } catch (error) {
      throw damaged(`the package ${digest} is missing or unreadable; install the plugin again`, error);
    }
  }

  /** The files of a package that was put. */
  filesOf(contents: PackageContents): PackageFiles {
    return { sizes: sizesOf(contents), read: (paths) => this.read(contents.digest, paths) };
  }

  /** What a start needs of a package. Errors as `load`, and MANIFEST_INVALID where this version takes the manifest no more. */
  async open(digest: string): Promise<StoredPackage> {
    const summary = (await this.#readSummary(digest)) ?? (await this.#writeSummary(await this.load(digest)));
    return {
      digest,
      manifest: parseManifest(Buffer.from(summary.manifest)),
      wasmDigest: summary.wasmDigest,
      sizes: new Map(summary.sizes),
      load: () => this.load(digest),
      read: (paths) => this.read(digest, paths),
    };
  }

  async remove(digest: string): Promise<void> {
    await rm(this.#path(digest, 'json'), { force: true });
    passed('summary-removed', this.#path(digest, 'json'));
    await rm(this.#path(digest, 'hal9'), { force: true });
    passed('package-removed', this.#path(digest, 'hal9'));
    await syncDirectory(this.#packages);
  }

  /** @throws HostError DATA_DIR_DAMAGED; a damaged index is never taken for an empty one */
  async readIndex(): Promise<IndexEntry[]> {
    let text: string;
    try {
      text = await readFile(this.#index, 'utf8');
    } catch (error) {
      throw damaged(
        'plugins.json, the index of installed plugins, is missing or unreadable; restore it from a backup',
        error,
      );
    }
    try {
      return indexDocument.parse(JSON.parse(text)).plugins;
    } catch (error) {
      throw damaged('plugins.json, the index of installed plugins, is damaged; restore it from a backup', error);
    }
  }

  /** Replaces the index. The disk has it once this has returned. */
  writeIndex(entries: readonly z.input<typeof indexEntry>[]): Promise<void> {
    const text = `${JSON.stringify(indexDocument.parse({ plugins: entries }), undefined, 2)}\n`;
    const write = this.#lastIndexWrite.then(() =>
      writeDataFile(this.#index, text, { asideDirectory: this.#aside, durable: true }),
    );
    this.#lastIndexWrite = write.catch(() => undefined);
    return write;
  }

  /** Removes packages that the index does not name: an installation that was cut off, or an uninstallation. */
  async removeUnnamed(): Promise<void> {
    const named = new Set((await this.readIndex()).flatMap(({ digest }) => [`${digest}.hal9`, `${digest}.json`]));
    for (const file of await readdir(this.#packages)) {
      if (!named.has(file)) await rm(join(this.#packages, file), { force: true, recursive: true });
    }
  }

  async #readSummary(digest: string): Promise<Summary | undefined> {
    try {
      const summary = summaryDocument.parse(JSON.parse(await readFile(this.#path(digest, 'json'), 'utf8')));
      return summary.checksum === (await summaryChecksum(summary)) ? summary : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof z.ZodError || systemCode(error) === 'ENOENT')
        return undefined;
      throw error;
    }
  }

  async #writeSummary(contents: PackageContents): Promise<Summary> {
    const manifest = Buffer.from(contents.files.get(MANIFEST_PATH) as Uint8Array).toString('utf8');
    const summary = { wasmDigest: contents.wasmDigest, manifest, sizes: [...sizesOf(contents)] };
    const text = JSON.stringify({ ...summary, checksum: await summaryChecksum(summary) });
    await writeDataFile(this.#path(contents.digest, 'json'), text, { asideDirectory: this.#aside, durable: false });
    return summary;
  }

  #path(digest: string, extension: 'hal9' | 'json'): string {
    if (!HEX_DIGEST.test(digest))
      throw new TypeError(`expected 64 hex digits as a digest, found ${digest.length} characters`);
    return join(this.#packages, `${digest}.${extension}`);
  }
}

function summaryChecksum({ wasmDigest, manifest, sizes }: Summary): Promise<string> {
  return sha256(Buffer.from(`${wasmDigest}\n${manifest}\n${JSON.stringify(sizes)}\n`));
}

function damaged(message: string, cause?: unknown): HostError {
  return new HostError('DATA_DIR_DAMAGED', `the data directory is damaged: ${message}`, { cause });
}
