import { intersection, type Rights } from '../host/service.js';
import type { Permission } from '../permissions.js';
import { fileRights } from '../sandbox/file-rights.js';
import { permitter } from '../sandbox/guest-grants.js';
import { type Connection, mayConnect } from '../sandbox/network/may-connect.js';
import type { Sheet } from '../sandbox/permitted.js';

/**
 * Whether an instance may do what it asks its host for.
 * @param used told of what it asks for
 */
function rightsOf(sheet: Sheet, used: (permission: Permission, permitted: boolean) => void): Rights {
  const may = permitter(sheet);
  const mayUse = (permission: Permission): boolean => {
    const permitted = may(permission);
    used(permission, permitted);
    return permitted;
  };
  const files = fileRights(sheet, used);
  return { mayUse, has: may, mayConnect: (connection) => mayConnect(sheet, connection), files };
}

/**
 * The rights of the instances that a plugin has now. What is withdrawn ends at once, also for calls that are under way and may end;
 * what is granted is for the instances that come after.
 */
export class CrewRights implements Rights {
  readonly #sheet: Sheet;
  readonly #used: (permission: Permission, permitted: boolean) => void;
  #now: Rights;

  /** @param used as of `rightsOf` */
  constructor(sheet: Sheet, used: (permission: Permission, permitted: boolean) => void) {
    this.#sheet = sheet;
    this.#used = used;
    this.#now = rightsOf(sheet, used);
  }

  get files(): Rights['files'] {
    return this.#now.files;
  }

  /** From now on they may do what both sheets permit. */
  narrow(sheet: Sheet): void {
    // Each use is counted once, by the decisions of now.
    this.#now = intersection([rightsOf(sheet, this.#used), rightsOf(this.#sheet, () => {})]);
  }

  mayUse(permission: Permission): boolean {
    return this.#now.mayUse(permission);
  }

  has(permission: Permission): boolean {
    return this.#now.has(permission);
  }

  mayConnect(connection: Connection): boolean {
    return this.#now.mayConnect(connection);
  }
}
