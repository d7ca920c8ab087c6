import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listFiles } from './sources.js';

const files = listFiles();
const TOP = ['src', 'workers', 'sdk', 'proto', 'examples', 'deploy', 'test', 'bench', '.ci'];
const TEXT =
  /\.(ts|mjs|cjs|js|json|md|proto|wit|rs|toml|lock|ya?ml|sh|wat|txt|csv|tsv)$|(^|\/)(run|\.npmrc|\.gitignore|Dockerfile)$/;
const texts = files.filter((path) => TEXT.test(path)).map((path) => ({ path, text: readFileSync(path, 'utf8') }));

const linesWith = (pattern: RegExp, skip: (path: string) => boolean = () => false): string[] =>
  texts
    .filter(({ path }) => !skip(path))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
    );

describe('files', () => {
  test('of TypeScript have names in kebab case', () => {
    const ts = files.filter((path) => path.endsWith('.ts'));
    expect(ts.filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d|\.config)?\.ts$/.test(basename(path)))).toEqual([]);
  });

  test('say in their names what they hold', () => {
    const nowhere = /^(utils?|helpers?|commons?|misc|types|managers?)(\.test)?\.(ts|rs|mjs)$/;
    const folders = /^(utils?|helpers?|commons?|misc|types|managers?)$/;
    const wrong = files.filter((path) => {
      // Cargo's name for a crate's root, and a file named after an interface of the contract.
      if (path.endsWith('/src/lib.rs') || path.startsWith('workers/abi/generated/')) return false;
      return (
        nowhere.test(basename(path)) ||
        dirname(path)
          .split('/')
          .some((part) => folders.test(part))
      );
    });
    expect(wrong).toEqual([]);
  });

  test('stand in the folders that the architecture names', () => {
    const top = new Set(files.filter((path) => path.includes('/')).map((path) => path.split('/')[0] as string));
    expect([...top].filter((folder) => !TOP.includes(folder))).toEqual([]);
  });

  test('hold no notes to self', () => {
    expect(linesWith(/\b(TODO|FIXME|XXX|HACK)\b/, (path) => path === 'test/tidy/files.test.ts')).toEqual([]);
  });

  test('end with a newline and have no space at the end of a line', () => {
    const own = texts.filter(({ path }) => !/\.lock$|package-lock\.json$|\.(csv|tsv|txt)$/.test(path));
    expect(own.filter(({ text }) => text !== '' && !text.endsWith('\n')).map(({ path }) => path)).toEqual([]);
    expect(linesWith(/[ \t]+$/, (path) => /\.lock$|\.md$|\.(csv|tsv|txt)$/.test(path))).toEqual([]);
  });

  test("name no folder of somebody's machine", () => {
    expect(
      linesWith(/(?<![\w./~$}-])\/(home|root|Users|work|mnt)\/\w/, (path) => path === 'test/tidy/files.test.ts'),
    ).toEqual([]);
  });
});

describe('lockfiles', () => {
  test("name packages, versions and hashes, not somebody's registry", () => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { resolved?: string }>;
    };
    expect(Object.entries(packages).flatMap(([name, { resolved }]) => (resolved === undefined ? [] : [name]))).toEqual(
      [],
    );
    expect(readFileSync('.npmrc', 'utf8')).toMatch(/^omit-lockfile-registry-resolved=true$/m);
    const sources = linesWith(/^source = /, (path) => !path.endsWith('Cargo.lock'));
    expect(
      sources.filter((line) => !line.endsWith('source = "registry+https://github.com/rust-lang/crates.io-index"')),
    ).toEqual([]);
  });

  test('have exact versions of everything that runs in the server', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      string,
      Record<string, string>
    >;
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d/.test(version));
    expect(loose).toEqual([]);
  });

  test('stand beside every Cargo.toml', () => {
    const manifests = texts.filter(({ path, text }) => path.endsWith('/Cargo.toml') && /^\[package\]/m.test(text));
    const workspace = (path: string): boolean => {
      let folder = dirname(path);
      while (folder !== '.' && !existsSync(`${folder}/Cargo.lock`)) folder = dirname(folder);
      return existsSync(`${folder}/Cargo.lock`);
    };
    // A template is copied, and gets its lockfile where it is built.
    expect(manifests.map(({ path }) => path).filter((path) => !path.includes('template') && !workspace(path))).toEqual(
      [],
    );
  });
});

describe('the repository', () => {
  test('holds no build output', () => {
    const tracked = existsSync('.git') ? execFileSync('git', ['ls-files'], { encoding: 'utf8' }).split('\n') : [];
    expect(tracked.filter((path) => /(^|\/)(node_modules|dist|target)\//.test(path))).toEqual([]);
  });
});
