import { readFileSync } from 'node:fs';
import { listFiles } from '../tidy/sources.js';

/** A page of documentation. */
export interface Page {
  /** From the project's root, with slashes. */
  path: string;
  text: string;
}

/** Every page of the project. */
export function readPages(): Page[] {
  return listFiles()
    .filter((path) => path.endsWith('.md'))
    .map(readPage);
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(path, 'utf8') };
}

/** The code blocks of that language, in their order. */
export function codeBlocks({ text }: Page, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code]) => code ?? '',
  );
}

/** The page without its code blocks. */
export function proseOf({ text }: Page): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}

/** What follows a heading, up to the next one of its rank or above. */
export function section({ path, text }: Page, heading: string): Page {
  const rank = /^#+/.exec(heading)?.[0].length ?? 0;
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`${path} has no heading ${heading}`);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${rank}} `, 'm'));
  return { path, text: end < 0 ? rest : rest.slice(0, end) };
}

/** The rows of every table of a page, their cells as they are written; heads and rules excepted. */
export function tableRows({ text }: Page): string[][] {
  const lines = text.split('\n');
  const isRow = (line: string | undefined): boolean => line?.startsWith('|') === true;
  return lines
    .filter((line, i) => isRow(line) && isRow(lines[i - 1]) && !/^\|[-| ]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}
