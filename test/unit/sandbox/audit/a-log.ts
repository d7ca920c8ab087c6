import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '../../../../src/sandbox/audit/audit-event.js';
import { type AuditFile, listAuditFiles } from '../../../../src/sandbox/audit/audit-files.js';
import type { AuditEntry } from '../../../../src/sandbox/audit/audit-line.js';
import { AuditLog, type AuditLogOptions } from '../../../../src/sandbox/audit/audit-log.js';
import { ChainDamaged, readChain } from '../../../../src/sandbox/audit/chain.js';

export const anEvent = (name: string): AuditEvent => ({
  event: 'plugin.activate',
  actor: 'operator',
  plugin: { id: 'p-1', name, version: '1.0.0' },
  details: { digest: 'ab' },
});

export interface Told {
  level: 'error' | 'warn';
  fields: unknown;
  text: string;
}

/** A log whose complaints are kept. */
export function openLog(directory: string, options: Partial<AuditLogOptions> = {}): { audit: AuditLog; told: Told[] } {
  const told: Told[] = [];
  const tell = (level: Told['level']) => (fields: unknown, text?: string) => {
    told.push({ level, fields, text: text ?? String(fields) });
  };
  return { audit: new AuditLog({ directory, log: { error: tell('error'), warn: tell('warn') }, ...options }), told };
}

/** What a reader finds that has nothing of ours: Node's crypto and the page's words. */
export function linesOf(directory: string): AuditEntry[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
  const text = files.map((name) => readFileSync(join(directory, name), 'latin1')).join('');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const hash = createHash('sha256')
        .update(Buffer.from(line.slice(0, -75), 'latin1'))
        .digest('hex');
      const entry = JSON.parse(Buffer.from(line, 'latin1').toString()) as AuditEntry;
      if (entry.hash !== hash) throw new Error(`line ${entry.seq} has another hash`);
      return entry;
    });
}

/** `ok N` or `FILE line N: why`. */
export async function verdict(directory: string, files?: readonly AuditFile[]): Promise<string> {
  let lines = 0;
  try {
    for await (const _line of readChain(files ?? (await listAuditFiles(directory)))) lines++;
  } catch (error) {
    if (error instanceof ChainDamaged) return error.message;
    throw error;
  }
  return `ok ${lines}`;
}
