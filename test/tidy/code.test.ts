import { type Node, Visitor } from 'oxc-parser';
import { describe, expect, test } from 'vitest';
import {
  checkRatchet,
  LONG_FILES,
  LONG_FUNCTIONS,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  MAX_TEST_FILE_LINES,
} from './ratchet.js';
import { isGenerated, lineAt, parse, readSources, type Source } from './sources.js';

const sources = readSources('src', 'workers', 'test', 'bench', 'sdk', 'examples', 'deploy', 'proto');
const written = sources.filter((source) => !isGenerated(source));
const shipped = sources.filter(({ path }) => /^(src|workers)\//.test(path));

interface Found {
  node: Node;
  source: Source;
}

const where = ({ source, node }: Found): string => `${source.path}:${lineAt(source, node.start)}`;

/** All nodes of one type. */
function findAll(files: readonly Source[], ...types: string[]): Found[] {
  const found: Found[] = [];
  for (const source of files) {
    const collect = (node: Node): void => {
      found.push({ node, source });
    };
    new Visitor(Object.fromEntries(types.map((type) => [type, collect]))).visit(parse(source).program);
  }
  return found;
}

/** Name that a function is known by: its own, or what it is assigned to. */
function describeFunction({ source, node }: Found): string {
  const before = source.text.slice(0, node.start);
  const own = /^(?:export |default |async |static |function |\*|\s)*([#\w]+)?/.exec(source.text.slice(node.start))?.[1];
  const assigned = /([#\w]+)\s*(?:[:=][^;\n]*|\([^;\n]*)?$/.exec(before.slice(-120))?.[1];
  return `${source.path}#${own !== undefined && own !== 'async' ? own : (assigned ?? `line ${lineAt(source, node.start)}`)}`;
}

describe('checkRatchet', () => {
  test('holds what is too large, and what has become smaller than its number', () => {
    expect(checkRatchet({ a: 301, b: 300 }, {}, 300)).toEqual(['a has 301 lines, 300 are allowed']);
    expect(checkRatchet({ a: 380 }, { a: 381 }, 300)).toEqual([]);
    expect(checkRatchet({ a: 310 }, { a: 381 }, 300)).toEqual([
      'a has 310 lines: lower its number from 381, or drop it',
    ]);
    expect(checkRatchet({}, { gone: 381 }, 300)).toHaveLength(1);
  });
});

describe('code', () => {
  test('is found', () => {
    expect(shipped.length).toBeGreaterThan(20);
  });

  test('stands in files that can be read at once', () => {
    const tests = written.filter(({ path }) => path.endsWith('.test.ts'));
    const sizes = (files: readonly Source[]) => Object.fromEntries(files.map(({ path, lines }) => [path, lines]));
    const others = written.filter((source) => !tests.includes(source));
    expect(checkRatchet(sizes(others), LONG_FILES, MAX_FILE_LINES)).toEqual([]);
    expect(checkRatchet(sizes(tests), {}, MAX_TEST_FILE_LINES)).toEqual([]);
  });

  test('stands in functions that fit on a screen', () => {
    const lines: Record<string, number> = {};
    const functions = findAll(
      written.filter(({ path }) => !path.endsWith('.test.ts')),
      ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'],
    );
    for (const found of functions) {
      const name = describeFunction(found);
      const length = lineAt(found.source, found.node.end) - lineAt(found.source, found.node.start) + 1;
      if (length > MAX_FUNCTION_LINES / 2) lines[name] = Math.max(lines[name] ?? 0, length);
    }
    expect(checkRatchet(lines, LONG_FUNCTIONS, MAX_FUNCTION_LINES)).toEqual([]);
  });

  test('has no enum, no namespace of values and no any', () => {
    expect(findAll(sources, 'TSEnumDeclaration', 'TSAnyKeyword').map(where)).toEqual([]);
  });

  test("has no default export but the worker's entry", () => {
    expect(
      findAll(sources, 'ExportDefaultDeclaration')
        .filter(({ source }) => source.path !== 'workers/plugin-worker.ts')
        .map(where),
    ).toEqual([]);
  });

  test('reads the environment in one file', () => {
    const reads = findAll(shipped, 'MemberExpression').filter(({ node, source }) =>
      /^process(\.|\[')env\b/.test(source.text.slice(node.start, node.end)),
    );
    expect(reads.filter(({ source }) => source.path !== 'src/config.ts').map(where)).toEqual([]);
    expect(shipped.filter(({ text }) => /import \{[^}]*\benv\b[^}]*\} from 'node:process'/.test(text))).toEqual([]);
  });
});
