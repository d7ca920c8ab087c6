import { describe, expect, test } from 'vitest';
import type { Permission } from '../../../../src/permissions.js';
import { mayConnect } from '../../../../src/sandbox/network/may-connect.js';

const http = (hosts: string[], ports?: number[]): Permission => ({ NetworkHttp: { hosts, ...(ports && { ports }) } });
const may = (
  address: string,
  {
    asked = ['NetworkHttp'],
    granted = ['NetworkHttp'],
    denied = [],
    port = 80,
  }: Partial<Record<'asked' | 'granted' | 'denied', Permission[]>> & { port?: number } = {},
): boolean => mayConnect({ asked, granted, denied }, { kind: 'NetworkHttp', address, port });

describe('mayConnect', () => {
  test('lets to public addresses, whatever name was granted', () => {
    expect(may('93.184.216.34', { granted: [http(['example.com'])] })).toBe(true);
    expect(may('2606:4700::1111', { granted: [http(['example.com'])] })).toBe(true);
  });

  test('lets to another address when that address was asked for and granted, and to none of a grant for any host', () => {
    expect(may('127.0.0.1')).toBe(false);
    expect(may('127.0.0.1', { asked: [http(['127.0.0.1'])] })).toBe(false);
    expect(may('127.0.0.1', { granted: [http(['127.0.0.1'])] })).toBe(true);
    expect(may('127.0.0.2', { granted: [http(['127.0.0.1'])] })).toBe(false);
    expect(may('127.0.0.1', { granted: [http(['127.0.0.1'])], asked: [http(['localhost'])] })).toBe(false);
    expect(may('::1', { granted: [http(['[::1]'])] })).toBe(true);
    expect(may('::ffff:127.0.0.1', { granted: [http(['127.0.0.1'])] })).toBe(false);
  });

  test('looks at the port of that grant', () => {
    expect(may('10.0.0.1', { granted: ['NetworkHttp', http(['10.0.0.1'], [8080])] })).toBe(false);
    expect(
      may('10.0.0.1', { asked: [http(['10.0.0.1'], [8080])], granted: [http(['10.0.0.1'], [8080])], port: 8080 }),
    ).toBe(true);
  });

  test('lets to no address that is denied, public or not', () => {
    expect(may('93.184.216.34', { denied: [http(['93.184.216.34'])] })).toBe(false);
    expect(may('93.184.216.34', { denied: [http(['*.example.com'])] })).toBe(true);
    expect(may('127.0.0.1', { granted: [http(['127.0.0.1'])], denied: [http(['127.0.0.1'])] })).toBe(false);
  });

  test('lets to nothing that has no place in a URL', () => {
    expect(may('fe80::1%eth0', { granted: [http(['[fe80::1]'])] })).toBe(false);
    expect(may('nonsense::', {})).toBe(false);
  });
});
