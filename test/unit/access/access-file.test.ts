import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readAccessFile } from '../../../src/config/access-file.js';
import { HostError } from '../../../src/errors.js';
import { LOCAL } from '../../../src/rpc/admission.js';
import { SERVER_ACTOR } from '../../../src/sandbox/audit/audit-event.js';

const directory = mkdtempSync(join(tmpdir(), 'hal9-access-'));
afterAll(() => rmSync(directory, { recursive: true }));

const hash = 'ab'.repeat(32);

function fileWith(text: string): string {
  const file = join(directory, `${Math.random()}.yaml`);
  writeFileSync(file, text);
  return file;
}

function faultsIn(text: string): string {
  try {
    readAccessFile(fileWith(text));
  } catch (error) {
    if (error instanceof HostError && error.reason === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('expected a refusal');
}

describe('readAccessFile', () => {
  test('reads YAML, and JSON, which is YAML', () => {
    const tokens = [{ name: 'core', sha256: hash, roles: ['execute'] }];
    expect(readAccessFile(fileWith(JSON.stringify({ tokens })))).toEqual({ tokens, certificates: [] });
    expect(readAccessFile(fileWith(`tokens:\n  - {name: core, sha256: ${hash}, roles: [execute]}`)).tokens).toEqual(
      tokens,
    );
  });

  test('takes fingerprints as openssl prints them', () => {
    const printed = hash.toUpperCase().replace(/..(?=.)/g, '$&:');
    const { certificates } = readAccessFile(
      fileWith(`certificates: [{name: a, sha256: "${printed}", roles: [observe]}]`),
    );
    expect(certificates[0]?.sha256).toBe(hash);
  });

  test.each([
    ['', 'expected the keys tokens and certificates'],
    ['[]', 'expected the keys tokens and certificates'],
    ['token: []', 'token: unknown key'],
    [`tokens: [{name: a, sha256: ${hash}, roles: [execute], role: manage}]`, 'tokens[0].role: unknown key'],
    [`tokens: [{name: a, sha256: ${hash}, roles: [admin]}]`, 'tokens[0].roles[0]: expected one of execute, manage'],
    [`tokens: [{name: a, sha256: ${hash}, roles: []}]`, 'tokens[0].roles: expected at least one role'],
    [`tokens: [{name: a, sha256: ${hash}}]`, 'tokens[0].roles: expected a list of roles'],
    ['tokens: [{name: a, sha256: secret, roles: [execute]}]', 'tokens[0].sha256: expected 64 hexadecimal digits'],
    [`tokens: [{name: "a b", sha256: ${hash}, roles: [execute]}]`, 'tokens[0].name: expected a name'],
    ...[SERVER_ACTOR, LOCAL, 'nobody', 'configuration'].map((name) => [
      `tokens: [{name: ${name}, sha256: ${hash}, roles: [execute]}]`,
      'tokens[0].name: expected another name than server',
    ]),
    ['certificates: [{name: a, roles: [execute]}]', 'certificates[0]: expected sha256 (the fingerprint) or subject'],
    [
      `tokens: [{name: a, sha256: ${hash}, roles: [execute]}, {name: b, sha256: ${hash.toUpperCase()}, roles: [manage]}]`,
      'tokens[1].sha256: expected each only once',
    ],
    [
      'certificates: [{name: a, subject: x, roles: [execute]}, {name: b, subject: x, roles: [manage]}]',
      'certificates[1].subject: expected each only once',
    ],
    ['tokens: [', 'cannot be read'],
  ])('refuses %j', (text, message) => expect(faultsIn(text)).toContain(message));

  test('tells all faults at once', () => {
    const faults = faultsIn('tokens: [{name: "", sha256: x, roles: []}]\nmore: 1');
    for (const part of ['tokens[0].name', 'tokens[0].sha256', 'tokens[0].roles', 'more: unknown key']) {
      expect(faults).toContain(part);
    }
  });
});
