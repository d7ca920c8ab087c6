import { describe, expect, test } from 'vitest';
import { AccessList, type ClientCertificate } from '../../../src/access/access-list.js';
import { hashOfToken, newToken } from '../../../src/access/token.js';

const token = newToken();
const sha256 = 'ab'.repeat(32);

const list = new AccessList({
  tokens: [{ name: 'by-token', sha256: hashOfToken(token).toString('hex'), roles: ['execute'] }],
  certificates: [
    { name: 'by-name', subject: 'core', roles: ['observe'] },
    { name: 'by-print', sha256, roles: ['manage'] },
    { name: 'by-both', sha256: 'cd'.repeat(32), subject: 'both', roles: ['manage'] },
  ],
});

const show = (certificate: Partial<ClientCertificate>, authorization?: string): unknown => {
  const whole = { sha256: 'ef'.repeat(32), commonName: '', validToMs: Date.now() + 60_000, ...certificate };
  const found = list.identify({ authorization, certificate: whole });
  return typeof found === 'string' ? found : found.name;
};

describe('AccessList', () => {
  test('knows a token, the first time and again', () => {
    const credentials = { authorization: `Bearer ${token}`, certificate: undefined };
    const first = list.identify(credentials);
    expect(first).toMatchObject({ name: 'by-token', roles: new Set(['execute']) });
    expect(list.identify(credentials)).toBe(first);
    expect(list.identify({ authorization: `bearer ${token}`, certificate: undefined })).toBe(first);
  });

  test.each([
    [{ commonName: 'core' }, 'by-name'],
    [{ sha256 }, 'by-print'],
    [{ commonName: 'core', sha256 }, 'by-print'],
    [{ commonName: 'both', sha256: 'cd'.repeat(32) }, 'by-both'],
    [{ commonName: 'both' }, 'certificate_unknown'],
    [{ sha256: 'cd'.repeat(32) }, 'certificate_unknown'],
    [{ commonName: 'Core' }, 'certificate_unknown'],
    [{ commonName: '' }, 'certificate_unknown'],
    [{ commonName: 'core', validToMs: Date.now() - 1 }, 'certificate_expired'],
  ])('takes %j for %s', (certificate, expected) => expect(show(certificate)).toBe(expected));

  test('does not fall back on the certificate of one who shows a bad token', () => {
    expect(show({ commonName: 'core' }, 'Bearer no')).toBe('token_unknown');
    expect(show({ commonName: 'core' }, '')).toBe('token_unknown');
  });
});
