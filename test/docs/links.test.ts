import { existsSync, statSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { expect, test } from 'vitest';
import { type Page, proseOf, readPage, readPages } from './pages.js';

/** As GitHub makes an anchor of a heading: lower case, without marks, spaces as hyphens. */
function anchorsOf(page: Page): Set<string> {
  return new Set(
    [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}

/** Why a link leads nowhere, or undefined. */
function faultOf(page: Page, link: string): string | undefined {
  if (/^https?:\/\//.test(link)) return undefined;
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? page.path : posix.normalize(posix.join(dirname(page.path), file));
  if (!existsSync(target)) return `${page.path}: there is no ${target}`;
  if (anchor === undefined || statSync(target).isDirectory()) return undefined;
  return anchorsOf(readPage(target)).has(anchor) ? undefined : `${page.path}: ${target} has no heading #${anchor}`;
}

test('every link of a page leads somewhere', () => {
  const links = readPages().flatMap((page) =>
    [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => ({ page, link })),
  );
  expect(links.length).toBeGreaterThan(30);
  expect(links.flatMap(({ page, link }) => faultOf(page, link) ?? [])).toEqual([]);
});
