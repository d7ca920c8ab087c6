import type { Defence } from '../../src/protocol/defences.js';

/**
 * The files of the corpus that are wrong in one thing alone: without the defence they are taken, or do harm. The others are no ZIP
 * file, manifest or module at all, or meet a second wall: the library that reads ZIP, or the engine.
 */
const CORPUS: Partial<Record<Defence, readonly RegExp[]>> = {
  'package-paths': [
    /^packages.*--(has-the-component-|is-absolute|begins-with-a-drive|has-a-(backslash|nul|control)|has-an-empty)/,
    /^packages.*--(is-empty|ends-in-a-dot|is-longer-than-240)/,
  ],
  'package-bounds': [/^packages.*--(the-compression-ratio|expected-at-most-1000-entries)/],
  'zip-names': [
    /^packages.*--(neither-ascii|has-a-name-that-is-not-utf-8|has-a-second-name|is-there-twice|only-case|one-is-a-file)/,
  ],
  'zip-kinds': [
    /^packages.*--(is-a-symbolic-link|has-the-file-type|is-encrypted|is-a-directory-with|has-the-unknown-compression)/,
  ],
  'zip-layout': [
    /^packages.*--(differs-between|prefixed-or-hidden-bytes($|-\(between)|hidden-bytes|has-trailing-bytes,|belong-to-no|overlaps)/,
  ],
  'zip-content': [/^packages.*--(unpacks-to|has-bytes-behind|has-another-checksum)/],
  'offered-imports': [/^modules.*--(is-none-that|is-not-in-.*(injection|proto-)|is-not-a-function-of-wasi)/],
  'core-signatures': [/^modules.*(-another-signature|--expected-i32)/],
  'module-shape': [/^modules.*--(must-export-cabi_realloc|found-function|to-export-its-memory)/],
  'module-bounds': [/^modules.*--at-most-(1000-custom|1000000-table-slots|16-tables-\(|100000-functions)/],
  'memory-cap': [/^modules.*--begins-with-65536-pages/],
};

/** What would let it in if it were taken out. */
export function corpusDefence(id: string): Defence | undefined {
  return (Object.keys(CORPUS) as Defence[]).find((defence) => CORPUS[defence]?.some((files) => files.test(id)));
}
