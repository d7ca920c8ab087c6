/**
 * Puts the worker's entry and everything it imports into one file: every worker thread loads it, so each module that need not
 * be found and parsed is saved once per instance. CommonJS, because piscina tries `require` first, and a thread that never
 * starts the ES module loader is ready sooner.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const entry = fileURLToPath(new URL('../dist/workers/plugin-worker.js', import.meta.url));
const outfile = fileURLToPath(new URL('../dist/workers/plugin-worker.bundle.cjs', import.meta.url));

if (existsSync(entry)) {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // Stack traces go to the log: they should name our functions, at the cost of some KB.
    minifySyntax: true,
    minifyWhitespace: true,
    keepNames: false,
    legalComments: 'none',
    sourcemap: 'linked',
    logLevel: 'warning',
  }).catch(() => {
    // esbuild has said what is wrong.
    process.exitCode = 1;
  });
} else console.warn('workers/bundle.mjs: dist/workers/plugin-worker.js does not exist yet; nothing was bundled');
