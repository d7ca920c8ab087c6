import { readdirSync, readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { type ParseResult, parseSync, Visitor } from 'oxc-parser';

/** Folders that hold what was installed, built or measured, never what was written. */
const NOT_OURS = new Set(['node_modules', 'dist', 'target', '.git', '.hal9', 'results']);

export interface Source {
  /** From the project's root, with slashes. */
  path: string;
  text: string;
  lines: number;
}

export interface Import {
  /** As it is written. */
  request: string;
  /** From the project's root for our own files, the package's name for others, with `node:` for Node's. */
  target: string;
  vendor: boolean;
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Every file of the project that somebody wrote, by path. */
export function listFiles(): string[] {
  return walk('.').sort();
}

/** The TypeScript files below the folders, with their text. */
export function readSources(...folders: string[]): Source[] {
  return listFiles()
    .filter((path) => path.endsWith('.ts') && folders.some((folder) => path.startsWith(`${folder}/`)))
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      return { path, text, lines: text.split('\n').length - 1 };
    });
}

/** Generated files say so in their first line. */
export function isGenerated({ text }: Source): boolean {
  return /^\/[/*]+ (This file is )?[Gg]enerated (by|from) /.test(text);
}

/** Line of an offset, from 1. */
export function lineAt({ text }: Source, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

const parsed = new Map<string, ParseResult>();

/** The syntax tree. Throws where the file does not parse. */
export function parse(source: Source): ParseResult {
  let result = parsed.get(source.path);
  if (result === undefined) {
    result = parseSync(source.path, source.text);
    if (result.errors.length > 0) throw new Error(`${source.path}: ${result.errors[0]?.message ?? 'does not parse'}`);
    parsed.set(source.path, result);
  }
  return result;
}

/** Everything that a file imports or re-exports, types included. */
export function importsOf(source: Source): Import[] {
  const { module, program } = parse(source);
  const requests = module.staticImports.map((entry) => entry.moduleRequest.value);
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) if (moduleRequest !== null) requests.push(moduleRequest.value);
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^['"`](.*)['"`]$/.exec(source.text.slice(moduleRequest.start, moduleRequest.end))?.[1];
    // What is computed has no place in the table; the test for computed imports names it.
    if (literal !== undefined) requests.push(literal);
  }
  new Visitor({
    TSImportType(node) {
      requests.push(String(node.source.value));
    },
  }).visit(program);
  return [...new Set(requests)].map((request) => resolve(source, request));
}

/** What is loaded together with a file: neither types, nor what it imports when something is asked of it. */
export function loadedWith(source: Source): Import[] {
  const { module } = parse(source);
  const needed = (entries: readonly { isType: boolean }[]): boolean =>
    entries.length === 0 || entries.some(({ isType }) => !isType);
  const imports = module.staticImports.filter(({ entries }) => needed(entries));
  const requests = imports.map(({ moduleRequest }) => moduleRequest.value);
  for (const { entries } of module.staticExports)
    for (const { moduleRequest, isType } of entries)
      if (moduleRequest !== null && !isType) requests.push(moduleRequest.value);
  return unique(requests).map((request) => resolve(source, request));
}

function resolve(source: Source, request: string): Import {
  if (!request.startsWith('.')) {
    const [scope, name] = request.split('/');
    const target = request.startsWith('node:')
      ? request
      : request.startsWith('@')
        ? `${scope}/${name}`
        : (scope as string);
    return { request, target, vendor: !request.startsWith('node:') };
  }
  const target = posix.join(dirname(source.path), request).replace(/\.js$/, '.ts');
  return { request, target, vendor: false };
}

/** The same list without the entries that occur in it twice. */
export const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];
