import type { Rights } from '../host/service.js';
import type { Permission } from '../permissions.js';
import { fileRights } from '../sandbox/file-rights.js';
import { permitter } from '../sandbox/guest-grants.js';
import { mayConnect } from '../sandbox/network/may-connect.js';
import type { Sheet } from '../sandbox/permitted.js';

/**
 * Whether an instance may do what it asks its host for.
 * @param used told of what it asks for
 */
export function rightsOf(sheet: Sheet, used: (permission: Permission, permitted: boolean) => void): Rights {
  const may = permitter(sheet);
  const mayUse = (permission: Permission): boolean => {
    const permitted = may(permission);
    used(permission, permitted);
    return permitted;
  };
  const files = fileRights(sheet, used);
  return { mayUse, has: may, mayConnect: (connection) => mayConnect(sheet, connection), files };
}
