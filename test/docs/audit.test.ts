import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AUDIT_EVENTS } from '../../src/sandbox/audit/audit-event.js';
import { encodeLine, START } from '../../src/sandbox/audit/audit-line.js';
import { anEvent, openLog, verdict } from '../unit/sandbox/audit/a-log.js';
import { codeBlocks, readPage, section, tableRows } from './pages.js';

const page = readPage('deploy/docs/audit.md');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hal9-audit-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('the page on the audit log', () => {
  test('lists every event with its meaning', () => {
    const rows = tableRows(section(page, '## Events'));
    expect(rows).toEqual(Object.entries(AUDIT_EVENTS).map(([name, meaning]) => [`\`${name}\``, meaning]));
  });

  test('shows lines as the log writes them', async () => {
    const [vector = ''] = codeBlocks(section(page, '## Format'), 'jsonl');
    const plugin = { id: 'p-1', name: 'écho', version: '1.0.0' };
    const first = { event: 'plugin.install', actor: 'local', plugin, details: { digest: 'ab' } } as const;
    const details = { reason: 'deadline', message: 'a "call"\nwas late' };
    const second = { event: 'plugin.kill', actor: 'server', plugin, details } as const;
    const one = encodeLine(first, Date.UTC(2026, 0, 2, 3, 4, 5, 678), START);
    expect(vector).toBe(one.text + encodeLine(second, Date.UTC(2026, 0, 2, 3, 4, 6), one.head).text);
    writeFileSync(join(directory, '000001.jsonl'), vector);
    expect(await verdict(directory)).toBe('ok 2');
  });

  test('has a program in another language that agrees with ours', async () => {
    const [program = ''] = codeBlocks(section(page, '## Verify it with another program'), 'python');
    const run = (): string => {
      try {
        return execFileSync('python3', ['-c', program, directory], { encoding: 'utf8', stdio: 'pipe' });
      } catch (error) {
        return (error as { stderr: string }).stderr;
      }
    };
    const { audit } = openLog(directory, { maxFileBytes: 1_000 });
    for (let i = 0; i < 9; i++) await audit.append(anEvent(`é\n${i}`));
    await audit.close();
    expect(run()).toMatch(/^9 [0-9a-f]{64}\n$/);
    const file = join(directory, '000002.jsonl');
    const bytes = readFileSync(file);
    for (const at of [0, 90, bytes.length - 80, bytes.length - 30, bytes.length - 1]) {
      const doctored = Buffer.from(bytes);
      doctored[at] = (doctored[at] ?? 0) ^ 1;
      writeFileSync(file, doctored);
      const ours = await verdict(directory);
      expect(run()).toBe(`${ours.slice(0, ours.indexOf(':'))}\n`);
    }
  });
});
