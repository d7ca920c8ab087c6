import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Version of this server and its command, as `package.json` says. Seen from `dist/src/`. */
export const VERSION: string = (
  JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
).version;
