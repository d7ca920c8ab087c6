/**
 * `npm run demo`: a server, the sentiment analyzer, signed with a key made on the spot, a signal, a tool call, and what they cost, by the commands that an
 * operator would type. Needs Node alone: the plugin's module is in the repository.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const HAL9 = 'dist/src/cli/hal9.js';
const PLUGIN = 'examples/sentiment-analyzer';
const SHOWN_METRICS = /^hal9_(calls_total|call_seconds_(sum|count)|instances|prepares_total)\b/;
const START_MS = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'hal9-demo-'));
const readyFile = join(folder, 'ready.json');

/** Shows a command, runs it, shows what it printed. @param server empty where the command needs none */
async function hal9(server: string, ...args: string[]): Promise<void> {
  console.log(`\n$ hal9 ${args.map((arg) => (/^[\w./-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')}`);
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[HAL9, ...args],
    ...(server === '' ? [] : ['--server', server]),
  ]);
  console.log(stdout.trimEnd());
}

async function appears(file: string): Promise<string> {
  const signal = AbortSignal.timeout(START_MS);
  for (;;) {
    const changed = once(watch(folder, { signal }), 'change');
    try {
      return readFileSync(file, 'utf8');
    } catch {
      await changed;
    }
  }
}

console.log('$ hal9 serve');
const places = ['--data-dir', join(folder, 'data'), '--ready-file', readyFile, '--log-level', 'warn'];
const listen = ['--grpc-listen', '127.0.0.1:0', '--http-listen', '127.0.0.1:0'];
const server = spawn(process.execPath, [HAL9, 'serve', ...places, ...listen], { stdio: 'inherit' });
const exited = once(server, 'exit');
try {
  const { grpc, http } = JSON.parse(await appears(readyFile)) as { grpc: string; http: string };
  console.log(`serving gRPC on ${grpc}, metrics on http://${http}/metrics`);
  const [key, packed] = [join(folder, 'my-key.pem'), join(folder, 'sentiment-analyzer.hal9')];
  await hal9('', 'key', 'generate', '--out', key);
  await hal9('', 'plugin', 'pack', PLUGIN, '--out', packed);
  await hal9('', 'plugin', 'sign', packed, '--key', key);
  await hal9(grpc, 'key', 'trust', key, '--name', 'me');
  await hal9(grpc, 'plugin', 'install', packed, '--activate');
  await hal9(grpc, 'signal', 'send', '--layer', 'L2', 'The staff were kind, but the room was not great at all!');
  await hal9(
    grpc,
    'tool',
    'invoke',
    'analyze_sentiment',
    '--params',
    '{"text": "Not bad at all. I would gladly come back!"}',
  );
  const metrics = await (await fetch(`http://${http}/metrics`)).text();
  console.log(`\n$ curl http://${http}/metrics`);
  console.log(
    metrics
      .split('\n')
      .filter((line) => SHOWN_METRICS.test(line) && !line.endsWith(' 0'))
      .join('\n'),
  );
} finally {
  console.log('\n$ kill -TERM (the server drains and stops)');
  server.kill('SIGTERM');
  const [code] = (await exited) as [number | null];
  rmSync(folder, { recursive: true, force: true });
  console.log(`the server ended with ${String(code)}`);
  if (code !== 0) process.exitCode = 1;
}
