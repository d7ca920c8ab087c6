import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lookup } from '../../../../src/host/http/lookup.js';
import { requestOf } from '../../../../src/host/http/request.js';
import { Sender } from '../../../../src/host/http/sender.js';
import { TimeLimit } from '../../../../src/host/http/time-limit.js';
import { Rates } from '../../../../src/host/rates.js';
import type { Permission } from '../../../../src/permissions.js';
import { countField } from '../../../../src/protocol/host-calls.js';
import { type Connection, mayConnect } from '../../../../src/sandbox/network/may-connect.js';
import { permits } from '../../../../src/sandbox/permitted.js';
import { NO_FILES } from '../../../harness/nobody-else.js';
import { bytes } from '../memory/stores.js';

const server = createServer((request, response) => response.end(request.headers.host));
let port = 0;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

const names = (hosts: string[]): Permission => ({ NetworkHttp: { hosts, ports: [port] } });

async function send(host: string, granted: Permission[], lookup: Lookup): Promise<unknown> {
  const sheet = { asked: [{ NetworkHttp: { ports: [port] } }], granted, denied: [] };
  const sender = new Sender({ rates: new Rates(), observe: () => {}, lookup });
  const may = (permission: Permission): boolean => permits(sheet, permission);
  const rights = {
    mayUse: may,
    has: may,
    mayConnect: (connection: Connection) => mayConnect(sheet, connection),
    files: NO_FILES,
  };
  const fields = [bytes('GET'), bytes(`http://${host}:${port}/`), bytes(''), countField(0), countField(0)];
  const request = requestOf(fields);
  if ('ok' in request) throw new Error(request.message);
  let open = 1;
  const limit = new TimeLimit(10_000, new AbortController().signal);
  const sent = await sender.send(request, rights, limit, () => open--);
  if (!('ok' in sent)) {
    const text = Buffer.from((await sent.read(1_000)) ?? []).toString();
    sent.close();
    expect(open).toBe(0);
    return text;
  }
  expect(open).toBe(0);
  return sent;
}

describe('Sender', () => {
  test('connects to the address that it has looked at, though the name leads elsewhere when it is asked again', async () => {
    let asked = 0;
    const rebinding: Lookup = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '192.0.2.1', family: 4 }];
    const granted = [names(['rebound.test', '127.0.0.1'])];
    expect(await send('rebound.test', granted, rebinding)).toBe(`rebound.test:${port}`);
    expect(asked).toBe(1);
  });

  test('connects to none of the addresses of a name when one of them may not be connected to', async () => {
    const mixed: Lookup = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    expect(await send('mixed.test', [names(['mixed.test'])], mixed)).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  test.each(['169.254.169.254', '10.0.0.1', '127.0.0.1'])('does not say that a name leads to %s', async (address) => {
    const refused = await send('inner.test', [names(['inner.test'])], async () => [{ address, family: 4 }]);
    expect(refused).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(JSON.stringify(refused)).not.toContain(address);
  });

  test('says that a name does not resolve', async () => {
    const lookup: Lookup = () => Promise.reject(Object.assign(new Error('queryA'), { code: 'ENOTFOUND' }));
    expect(await send('no.test', [names(['no.test'])], lookup)).toMatchObject({
      code: 'NETWORK_ERROR',
      message: 'the name of the server does not resolve',
      details: { code: 'ENOTFOUND' },
    });
  });
});
