import type { Permission } from '../permissions.js';
import { permissionText, permissionWord } from './permission-text.js';

/** Of the list of permissions, and of the options for them, in characters: a status bounds its message. */
const MAX_LISTED = 400;

/**
 * Why nothing was installed, and the command that would.
 * @param plugin name and version
 * @param command what was asked for: `hal9 plugin install PACKAGE`
 * @param isKnown whether the version that is installed has it
 */
export function undecidedMessage(
  plugin: string,
  permissions: readonly Permission[],
  command: string,
  isKnown: (permission: Permission) => boolean = () => false,
): string {
  const options = permissions.map((permission) => `--grant ${permissionWord(permission)}`).join(' ');
  const given = permissions.length > 0 && options.length <= MAX_LISTED ? options : '--grant-all';
  return (
    `${plugin} asks for permissions that nobody has decided about: ${listedPermissions(permissions, isKnown)}; to grant them: ${command} ${given} ` +
    '(--deny instead of --grant refuses one, --deny-all all of them)'
  );
}

/** Permissions in a message, as many as fit. */
export function listedPermissions(
  permissions: readonly Permission[],
  isKnown: (permission: Permission) => boolean = () => false,
): string {
  const text = permissions
    .map((each) => `${permissionText(each)}${isKnown(each) ? ' (the version before has it)' : ''}`)
    .join(', ');
  if (text.length <= MAX_LISTED) return text === '' ? 'a long list' : text;
  return `${text.slice(0, MAX_LISTED)}… (${permissions.length} in all)`;
}
