import { describe, expect, test } from 'vitest';
import { redirected } from '../../../../src/host/http/redirect.js';
import { type HttpRequest, requestOf } from '../../../../src/host/http/request.js';
import { targetOf } from '../../../../src/host/http/target.js';
import { countField } from '../../../../src/protocol/host-calls.js';
import { bytes } from '../memory/stores.js';

const read = (
  url: string,
  { method = 'GET', body = '', headers = [] as string[], timeoutMs = 0, redirects = 0 } = {},
) =>
  requestOf([
    bytes(method),
    bytes(url),
    bytes(body),
    countField(timeoutMs),
    countField(redirects),
    ...headers.map(bytes),
  ]);
const requestTo = (url: string, more?: Parameters<typeof read>[1]): HttpRequest => {
  const request = read(url, more);
  if ('ok' in request) throw new Error(request.message);
  return request;
};

describe('targetOf', () => {
  test.each([
    ['http://2130706433/', '127.0.0.1', 80],
    ['http://0x7f.1/', '127.0.0.1', 80],
    ['http://0177.0.0.1:8080/', '127.0.0.1', 8080],
    ['http://127.1/', '127.0.0.1', 80],
    ['http://①②⑦.0.0.1/', '127.0.0.1', 80],
    ['http://[0:0:0:0:0:ffff:127.0.0.1]/', '[::ffff:7f00:1]', 80],
    ['HTTPS://EXAMPLE.com', 'example.com', 443],
    ['https://exa%6Dple.com:8443', 'example.com', 8443],
    ['https://Example.com./', 'example.com', 443],
    ['http://127.0.0.1.:81/', '127.0.0.1', 81],
    ['http://127.0.0.1\\@example.com/', '127.0.0.1', 80],
    ['http://127.0\n.0\t.1/', '127.0.0.1', 80],
    ['http://127.0.0.1#@example.com/', '127.0.0.1', 80],
    ['http:127.0.0.1/', '127.0.0.1', 80],
  ])('reads %s as one host, however it is spelled', (url, host, port) =>
    expect(targetOf(url)).toMatchObject({ host, port }),
  );

  test.each([
    'file:///etc/passwd',
    'ftp://example.com',
    '//example.com',
    'example.com',
    'http://',
    'http://1.2.3.4.5/',
    'unix:/run/x',
    'http://[fe80::1%25lo]/',
    'http://[::1%lo]/',
    'http://127.0.0.1%00.example.com/',
    'http://example.com:65536/',
    'http://./',
    'http://example.com../',
    'http://inner..example.com/',
  ])('refuses %s', (url) => expect(targetOf(url)).toMatchObject({ code: 'INVALID_INPUT' }));

  test('refuses names and passwords, which hide where a URL leads', () => {
    expect(targetOf('http://example.com@127.0.0.1/')).toMatchObject({ message: /no user name/ });
    expect(targetOf(`http://example.com/${'x'.repeat(9_000)}`)).toMatchObject({ message: /at most 8192 bytes/ });
  });
});

describe('requestOf', () => {
  test.each([
    [['Host', 'other']],
    [['Transfer-Encoding', 'chunked']],
    [['content-length', '5']],
    [['proxy-authorization', 'x']],
    [['connection', 'upgrade']],
    [['x', 'a\r\nHost: other']],
    [['x\r\ny', 'a']],
    [['x', 'é']],
    [['', 'a']],
  ])('refuses the header %j', (headers) =>
    expect(read('http://a.test', { headers })).toMatchObject({ code: 'INVALID_INPUT' }),
  );

  test.each(['CONNECT', 'trace', 'GET /x HTTP/1.1', ''])('refuses the method %j', (method) =>
    expect(read('http://a.test', { method })).toMatchObject({ code: 'INVALID_INPUT' }),
  );

  test('bounds the time, the headers and the body', () => {
    expect(read('http://a.test')).toMatchObject({ timeoutMs: 60_000 });
    expect(read('http://a.test', { timeoutMs: 70_000 })).toMatchObject({ timeoutMs: 60_000 });
    expect(read('http://a.test', { timeoutMs: 5 })).toMatchObject({ timeoutMs: 5 });
    expect(read('http://a.test', { body: 'x'.repeat(1_048_577) })).toMatchObject({ code: 'INVALID_INPUT' });
    expect(read('http://a.test', { headers: Array<string>(130).fill('x') })).toMatchObject({ message: /at most 64/ });
    expect(read('http://a.test', { headers: ['x', 'y'.repeat(16_384)] })).toMatchObject({ message: /16384 bytes/ });
  });
});

describe('redirected', () => {
  const headers = ['authorization', 'secret', 'cookie', 'secret', 'content-type', 'text/plain', 'accept', '*/*'];
  const post = requestTo('http://a.test/x', { method: 'POST', body: 'b', headers });
  const names = (request: ReturnType<typeof redirected>): string[] =>
    'ok' in request ? [] : request.headers.map(([name]) => name);

  test.each([
    [301, 'GET'],
    [302, 'GET'],
    [303, 'GET'],
    [307, 'POST'],
    [308, 'POST'],
  ])('after %d a POST is a %s', (status, method) => {
    const next = redirected(post, status, '/y');
    expect(next).toMatchObject({ method, target: { url: new URL('http://a.test/y') } });
    expect(names(next).includes('content-type')).toBe(method === 'POST');
  });

  test('tells no other origin what is meant for one', () => {
    expect(names(redirected(post, 307, '/y'))).toContain('authorization');
    for (const place of ['http://b.test/', 'https://a.test/', 'http://a.test:81/'])
      expect(names(redirected(post, 307, place))).toEqual(['content-type', 'accept']);
  });

  test.each(['file:///etc/passwd', 'http://u:p@a.test/', 'http://'])('to %s there is none', (place) =>
    expect(redirected(post, 302, place)).toMatchObject({ ok: false }),
  );
});
