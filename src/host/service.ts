import type { RateName } from '../limits/host-rates.js';
import type { Permission } from '../permissions.js';
import type { HostAnswer, HostOperation, HostRefusal } from '../protocol/host-calls.js';
import { commonFileRights, type FileRights } from '../sandbox/file-rights.js';
import type { Connection } from '../sandbox/network/may-connect.js';
import type { Passing } from './gate.js';
import type { LimitUse } from './limit-use.js';

/** Whether a plugin asks for a permission, was granted it, and was not denied it. */
export type MayUse = (permission: Permission) => boolean;

/** What a plugin may do. */
export interface Rights {
  /** That it was asked is counted as a use. */
  readonly mayUse: MayUse;
  /** The same, for what the host itself wants to know. */
  readonly has: MayUse;
  /** Whether it may connect to an address, given that it may ask for the name that has led there. */
  mayConnect(connection: Connection): boolean;
  readonly files: FileRights;
}

/** One service behind the broker of a plugin, such as its memory. */
export interface HostService {
  /** What it answers. */
  readonly operations: readonly HostOperation[];
  /**
   * Looks at the fields and the rights, and does nothing yet. A refusal is always the same one, whatever was asked before.
   * @throws where the fields are not those that our worker sends
   */
  read(operation: HostOperation, fields: readonly Uint8Array[], passing: Passing): Prepared | HostRefusal;
  /** What the plugin uses of the quotas of this service; of a service without quotas, not there. */
  uses?(): Promise<readonly LimitUse[]>;
}

/** What may be done once there is room for it. */
export interface Prepared {
  /** What one is taken of before, besides the host calls, in this order. */
  readonly rates: readonly RateName[];
  /** Beyond a rate it waits, though the plugin may tell time: its answer has no room for when to ask again. */
  readonly waits?: boolean;
  /** @throws what is a fault of the server: the guest is told no more than that there was one */
  act(passing: Passing): Promise<HostAnswer>;
}

/** What all of them may do. */
export function intersection(all: readonly Rights[]): Rights {
  return {
    mayUse: (permission) => all.every((each) => each.mayUse(permission)),
    has: (permission) => all.every((each) => each.has(permission)),
    mayConnect: (connection) => all.every((each) => each.mayConnect(connection)),
    files: commonFileRights(all.map(({ files }) => files)),
  };
}
