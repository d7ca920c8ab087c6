import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { askPermissions } from '../../../src/cli/ask-permissions.js';
import type { Permission } from '../../../src/permissions.js';

const PERMISSIONS: Permission[] = ['SystemTime', { SystemEnv: 'HOME' }, { FileRead: '/data' }];

/** Writes each answer when a question has been asked; `undefined` ends the input. */
async function answering(...answers: (string | undefined)[]) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  let screen = '';
  output.on('data', (text: Buffer) => {
    screen += text.toString();
    if (!text.toString().includes('grant it?')) return;
    const answer = answers.shift();
    if (answer === undefined) input.end();
    else input.write(`${answer}\n`);
  });
  return { decisions: await askPermissions('tries 1.0.0', PERMISSIONS, { input, output }), screen };
}

describe('askPermissions', () => {
  test('grants what is answered with yes, and denies the rest', async () => {
    const { decisions, screen } = await answering('y', 'maybe', 'NO', ' Yes ');
    expect(decisions).toMatchObject({
      grant: ['"SystemTime"', '{"FileRead":"/data"}'],
      deny: ['{"SystemEnv":"HOME"}'],
    });
    expect(screen).toMatch(/^tries 1\.0\.0 asks for permissions:\n {2}SystemTime: see the time pass/);
  });

  test('denies where nothing is answered', async () => {
    const { decisions } = await answering('', '', '');
    expect(decisions?.grant).toEqual([]);
    expect(decisions?.deny).toHaveLength(3);
  });

  test.each([[['y', 'q']], [['y', undefined]], [[undefined]]])('decides nothing after %j', async (answers) => {
    expect((await answering(...answers)).decisions).toBeUndefined();
  });
});
