import { describe, expect, it } from 'vitest';
import { Reports } from '../../../../workers/host/reports.js';
import { BOUNDS, NO_GRANTS, utf8 } from '../abi/wat-guest.js';

describe('Reports', () => {
  it('posts at the end what was not finished', () => {
    const posted: unknown[] = [];
    const plugin = { id: '', name: '', version: '' };
    const reports = new Reports({ plugin, config: '{}', grants: NO_GRANTS, limits: BOUNDS }, (message) =>
      posted.push(message),
    );
    reports.services.output('stdout', utf8('half a li'));
    reports.flush();
    expect(posted).toEqual([]);
    reports.end();
    expect(posted).toMatchObject([{ type: 'log', lines: [{ text: 'half a li', stream: 'stdout', level: 'info' }] }]);
  });
});
