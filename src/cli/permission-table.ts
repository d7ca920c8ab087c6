import type { Permissions, PluginRef } from '../client/messages.js';
import { permissionText, readPermission } from '../sandbox/permission-text.js';
import { printFields, printLine, printTable } from './output.js';
import { refText } from './plugin-text.js';

/** Permissions that came as JSON texts, as a person reads them. */
export function permissionsLine(texts: readonly string[]): string {
  return texts.length === 0 ? 'nothing that needs a permission' : texts.map(shown).join(', ');
}

/** One row for each permission that is asked for, decided about or used. */
export function printPermissions(plugin: PluginRef | null, permissions: Permissions): void {
  const { versionLine, asked, granted, denied, effective, undecided, used, withoutRoot } = permissions;
  printFields([
    ['plugin', refText({ ref: plugin })],
    ['decided for', `version ${versionLine}${versionLine.includes('.') ? '' : '.x'}.x`],
  ]);
  const uses = new Map(used.map((use) => [use.permission, use]));
  const all = [...new Set([...asked, ...granted, ...denied, ...effective, ...uses.keys()])];
  if (all.length === 0) return printLine('it asks for nothing, and nothing is granted or denied');
  const mark = (list: readonly string[], text: string): string => (list.includes(text) ? 'yes' : '-');
  printTable(
    ['PERMISSION', 'ASKED', 'GRANTED', 'DENIED', 'EFFECTIVE', 'USED', 'REFUSED'],
    all.map((text) => [
      shown(text),
      mark(asked, text),
      mark(granted, text),
      mark(denied, text),
      mark(effective, text),
      uses.get(text)?.allowed ?? '0',
      uses.get(text)?.refused ?? '0',
    ]),
  );
  if (withoutRoot.length > 0)
    printLine(
      `no directory is mapped for: ${permissionsLine(withoutRoot)} (the section roots of the configuration file)`,
    );
  if (undecided.length > 0) printLine(`nobody has decided about: ${permissionsLine(undecided)}`);
}

function shown(text: string): string {
  return permissionText(readPermission(text, 'the reply'));
}
