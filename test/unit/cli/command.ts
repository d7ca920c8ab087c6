import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Standard output as `--json` prints it. */
  json(): Record<string, unknown>;
}

const COMMAND = resolve('dist/src/cli/hal9.js');

/** Runs the real `hal9` command, with no `HAL9_` variable but those given. */
export function hal9(
  args: readonly string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Ran> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HAL9_'));
  const child = spawn(process.execPath, [COMMAND, ...args], {
    env: { ...Object.fromEntries(inherited), ...options.env },
    cwd: options.cwd,
    stdio: 'pipe',
  });
  child.stdin.end(options.input ?? '');
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (status) => {
      done({ status, stdout, stderr, json: () => JSON.parse(stdout) as Record<string, unknown> });
    });
  });
}
