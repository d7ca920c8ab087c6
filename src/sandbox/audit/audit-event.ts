import { AUDIT_LIMITS } from '../../limits.js';
import { printable } from '../../observe/printable.js';

/** What the audit log tells of, with the meaning that its page prints. Scripts match on these names. */
export const AUDIT_EVENTS = {
  'server.start': 'The server has opened its data directory and starts.',
  'server.stop': 'The server has stopped in order. Without it before the next `server.start`, it was killed.',
  'plugin.install': 'A package is put into the store, for a plugin that is new or takes the place of another version.',
  'plugin.activate': 'A plugin is put into service, or gets another configuration.',
  'plugin.load': 'The code of a plugin is in service: after its activation, at a start, or from a directory.',
  'plugin.quarantine':
    'The server keeps a plugin out of service that was in it: at a start its package, signature or dependency does not hold.',
  'plugin.deactivate': 'A plugin is taken out of service.',
  'plugin.uninstall': 'A plugin is removed.',
  'grants.change':
    'The operator decides anew about the permissions of an installed plugin: by command, or as `configuration` in the file.',
  'plugin.kill': 'An instance was ended for what its guest did, or for its caller.',
  'key.trust': 'Signatures of a key count from now on, or its name or its bounds change.',
  'key.revoke': 'Signatures of a key count no more, for good.',
  'config.change': 'The running server has read its settings, access file or certificate again: changed, or refused.',
  'change.failed': 'What an earlier line announced (`of`) did not happen, or not wholly.',
  'http.request':
    'A plugin sent a request to another host (`of`), with the status of the answer or the code of the error as `reason`.',
  denial:
    'Somebody asked for something (`of`) that was refused; where a limit of a plugin was in the way, `limit` names it.',
  'audit.torn': 'The last line was not whole at a start: it was cut off and kept beside the log.',
  'audit.break': 'The log was damaged: a new chain begins here, and the details say what the old one was.',
  'audit.lost': 'So many lines could not be kept while the log could not be written.',
} as const satisfies Record<string, string>;

export type AuditEventName = keyof typeof AUDIT_EVENTS;

/** One thing that happened, or is about to. */
export interface AuditEvent {
  event: AuditEventName;
  /** Who asked for it: `Requester.actor`, or `SERVER_ACTOR`. */
  actor: string;
  plugin?: { id: string; name: string; version: string };
  details?: Readonly<Record<string, string>>;
}

/** The actor of what nobody asked for. */
export const SERVER_ACTOR = 'server';

/** Where the parts of the server tell what they do. `AuditLog` says what the methods promise. */
export interface Audit {
  append(event: AuditEvent): Promise<void>;
  appendOrNote(event: AuditEvent): Promise<void>;
  note(event: AuditEvent): void;
}

/** The event with every value printable and no larger than it may be: names come from strangers. */
export function bounded({
  event,
  actor,
  plugin,
  details = {},
}: AuditEvent): Required<Omit<AuditEvent, 'plugin'>> & Pick<AuditEvent, 'plugin'> {
  const name = (text: string): string => cut(text, AUDIT_LIMITS.maxNameBytes);
  return {
    event,
    actor: name(actor),
    ...(plugin === undefined
      ? {}
      : { plugin: { id: name(plugin.id), name: name(plugin.name), version: name(plugin.version) } }),
    details: Object.fromEntries(
      Object.entries(details)
        .slice(0, AUDIT_LIMITS.maxDetails)
        .map(([key, value]) => [name(key), cut(value, AUDIT_LIMITS.maxDetailBytes)]),
    ),
  };
}

const CUT_MARK = '…';

/** Nearly every value: one byte a character, and all of them printable. */
const PLAIN = /^[ -~]*$/;

/** At most so many bytes of UTF-8, whole characters, and a mark where something is missing. */
function cut(text: string, maxBytes: number): string {
  if (text.length <= maxBytes && PLAIN.test(text)) return text;
  // A character makes at least one byte: what is sliced off here would be cut off below.
  const bytes = Buffer.from(printable(text.slice(0, maxBytes + 1)));
  if (bytes.length <= maxBytes) return bytes.toString();
  let end = maxBytes - Buffer.byteLength(CUT_MARK);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}${CUT_MARK}`;
}
