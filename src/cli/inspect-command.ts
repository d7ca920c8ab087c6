import type { Command } from 'commander';
import type { Inspection } from '../local/inspection.js';
import { VERSION } from '../version.js';
import { reporting } from './client-command.js';
import { EXIT } from './exit-status.js';
import { bytesText, printFields, printJson, printLine } from './output.js';
import { readPackage } from './package-file.js';

/** `hal9 plugin inspect` */
export function addInspect(plugin: Command): void {
  plugin
    .command('inspect')
    .description('show what a package brings, imports and asks for, without running or installing it; needs no server')
    .argument('<PACKAGE>', 'a .hal9 file, a development directory, or a .wasm file that carries its own metadata')
    .option('--json', 'print what was found as one JSON object')
    .action((path: string, flags: { json?: boolean }) =>
      reporting(flags, async () => {
        const bytes = await readPackage(path);
        const { inspect } = await import('../local/inspection.js');
        const found = await inspect(bytes, VERSION);
        if (found.refusal !== null) process.exitCode = EXIT.refused;
        if (flags.json) printJson(found);
        else await print(found);
      }),
    );
}

async function print(found: Inspection): Promise<void> {
  const { permissionText, readPermission } = await import('../sandbox/permission-text.js');
  const shown = (text: string): string => permissionText(readPermission(text, 'the manifest'));
  const { plugin, memory, permissions, signatures, refusal } = found;
  const grows = memory.maximumBytes === null ? 'without end' : `to ${bytesText(memory.maximumBytes)}`;
  printFields([
    ['plugin', `${plugin.name} ${plugin.version} (${plugin.id})`],
    ['author', plugin.author],
    ['license', plugin.license],
    ['digest', found.digest],
    ['package', bytesText(found.packageBytes)],
    ['module', bytesText(found.moduleBytes)],
    ['memory', `begins with ${bytesText(memory.initialBytes)}, grows ${grows}; limit ${bytesText(memory.limitBytes)}`],
    ...signatures.map(({ algorithm, keyId }) => ['signature', `${algorithm} by ${keyId}, not verified`] as const),
    ...(signatures.length === 0 ? [['signature', 'none'] as const] : []),
    ...found.imports.map((each) => ['imports', importText(each)] as const),
    ...found.exports.map((name) => ['exports', name] as const),
    ...permissions.asked.map((text) => {
      const reach = permissions.unreachable.includes(text) ? ' (nothing that it imports can make use of it)' : '';
      return ['asks for', `${shown(text)}${reach}`] as const;
    }),
    ...permissions.notAskedFor.map((kind) => ['does without', `${kind}: it could make use of it`] as const),
  ]);
  if (refusal !== null) printLine(`a server would refuse it: ${refusal.reason}: ${refusal.message}`);
}

function importText({ module, functions, permissions }: Inspection['imports'][number]): string {
  const needs = permissions.length === 0 ? 'needs no permission' : `can use ${permissions.join(', ')}`;
  return `${module}: ${functions.join(', ')} (${needs})`;
}
