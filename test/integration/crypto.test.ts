import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/client.js';
import { packBytes } from '../../src/package/pack.js';
import { ServerProcess } from '../harness/server-process.js';

const DIRECTORY = 'examples/crypto';

let server: ServerProcess;
let client: Client;

beforeAll(async () => {
  server = await ServerProcess.start();
  client = server.connect();
  const { bytes } = await packBytes({ directory: DIRECTORY, wasmPath: `${DIRECTORY}/crypto.wasm` });
  await client.installPlugin(bytes);
  await client.activatePlugin('crypto');
});
afterAll(async () => {
  client.close();
  expect(await server.stop()).toBe(0);
});

async function invoke(tool: string, parameters: object): Promise<unknown> {
  const { result } = await client.invokeTool({ tool, parameters: JSON.stringify(parameters) });
  if (result?.outcome !== 'OK') throw new Error(`${result?.error?.code}: ${result?.error?.message}`);
  return JSON.parse(result.value);
}

describe('the crypto plugin', () => {
  const data = 'é, and more of it. '.repeat(4_000);

  test.each(['sha256', 'sha384', 'sha512'])('agrees with another implementation of %s', async (algorithm) => {
    const digest = createHash(algorithm).update(data).digest();
    expect(await invoke('hash', { data, algorithm })).toEqual({
      hex: digest.toString('hex'),
      base64: digest.toString('base64'),
    });
    const code = createHmac(algorithm, Buffer.from('00ff', 'hex')).update(data).digest();
    expect(await invoke('hmac', { key: '00ff', data, algorithm })).toMatchObject({ hex: code.toString('hex') });
  });

  test('verifies what another implementation has signed, and nothing else', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
    const bytes = Buffer.from([0, 255, 1]);
    const signature = sign(null, bytes, privateKey);
    const asked = { public_key: key, data: bytes.toString('hex'), encoding: 'hex' };
    const verify = (bytes: Buffer): Promise<unknown> =>
      invoke('verify_ed25519', { ...asked, signature: bytes.toString('hex') });
    expect(await verify(signature)).toEqual({ valid: true });
    for (const at of [0, 40]) {
      const doctored = Buffer.from(signature);
      doctored[at] = (doctored[at] ?? 0) ^ 1;
      expect(await verify(doctored)).toEqual({ valid: false });
    }
    // The point of order 1 verifies anything for who does not look.
    const small = { public_key: `01${'00'.repeat(31)}`, signature: `01${'00'.repeat(63)}`, data: '' };
    expect(await invoke('verify_ed25519', small)).toEqual({ valid: false });
  });

  test('says what is wrong with its input', async () => {
    await expect(invoke('hash', { data: 'zz', encoding: 'hex' })).rejects.toThrow('INVALID_INPUT: data: expected hex');
  });
});
