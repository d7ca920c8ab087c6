/**
 * `npm run contracts`: holds the proto files and the WIT package against what was released.
 *
 * Fails when a change breaks those who were built before and the version was not raised (proto package v1 to v2, WIT 0.1 to
 * 0.2). `--write` records additions, and a raised version, as the new baseline.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { componentEmbed } from '@bytecodealliance/jco-transpile/wasm-tools';
import protobuf from 'protobufjs';
import { protoSurface } from './proto-surface.js';
import { compareSurfaces, type Surface } from './surface.js';
import { witSurface } from './wit-surface.js';

const PROTO_DIR = 'proto/hal9/plugin';
const WIT_DIR = 'sdk/wit';

/** The newest version of the proto package, and the version before for as long as it is served. */
function readProto(): Surface[] {
  return readdirSync(PROTO_DIR).map((version) => {
    const root = new protobuf.Root();
    root.resolvePath = (_origin, target) => `proto/${target}`;
    root.loadSync(readdirSync(`${PROTO_DIR}/${version}`).map((file) => `hal9/plugin/${version}/${file}`));
    return protoSurface(root, `hal9.plugin.${version}`);
  });
}

async function readWit(): Promise<Surface> {
  const files = readdirSync(WIT_DIR).filter((file) => file.endsWith('.wit'));
  const texts = files.map((file) => readFileSync(`${WIT_DIR}/${file}`, 'utf8'));
  const surface = witSurface(texts);
  const [first, ...rest] = texts;
  // Embedded as one text, which names its package once: this is where WIT that is none is found out.
  const witSource = [first, ...rest.map((text) => text.replace(/^package .*;$/m, ''))].join('\n');
  const worlds = Object.keys(surface.entries).flatMap((key) => /^world-(\S+)$/.exec(key)?.[1] ?? []);
  for (const world of worlds) await componentEmbed({ witSource, world, dummy: true });
  return surface;
}

/** Compares one contract with its baseline. Returns how many promises it breaks. */
function check(path: string, surfaces: readonly Surface[], write: boolean): number {
  const baseline = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Surface) : undefined;
  const current =
    baseline === undefined
      ? surfaces.at(-1)
      : (surfaces.find((s) => s.version === baseline.version) ?? surfaces.at(-1));
  if (current === undefined) throw new Error(`there is no contract to compare with ${path}`);
  const { breaking, additions } =
    baseline === undefined ? { breaking: [], additions: [] } : compareSurfaces(baseline, current);
  const name = `${current.name} ${current.version}`;
  for (const fault of breaking) console.error(`${name}: breaks ${fault}`);
  if (breaking.length > 0) return breaking.length;
  if (write) {
    const newest = surfaces.at(-1) ?? current;
    writeFileSync(path, `${JSON.stringify(newest, null, 2)}\n`);
    console.log(`${name}: ${path} written`);
  } else if (baseline === undefined) {
    console.error(`${name}: there is no ${path}; write it with npm run contracts -- --write`);
    return 1;
  } else {
    const more = additions.length === 0 ? '' : `, ${additions.length} additions since: ${additions.join(', ')}`;
    console.log(
      `${name}: keeps what ${baseline.version} promised (${Object.keys(baseline.entries).length} entries)${more}`,
    );
  }
  return 0;
}

const write = process.argv.includes('--write');
const broken =
  check('proto/baseline.json', readProto(), write) + check('sdk/wit/baseline.json', [await readWit()], write);
if (broken > 0) {
  console.error(`contracts: ${broken} broken; raise the version, or leave what was promised as it is`);
  process.exitCode = 1;
}
