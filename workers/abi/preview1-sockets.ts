import { PREVIEW1 } from '../../src/protocol/preview1.js';
import { ERRNO } from '../../src/protocol/preview1-errno.js';
import type { HostServices } from './host-services.js';

const WARN = 3;
const WHY = 'TCP and UDP are not offered yet, whatever is granted; send HTTP requests with hal9:plugin/http';

/** An error number says no reason, so the plugin's log does, once for each function and instance. */
export function socketFunctions({ logging }: Pick<HostServices, 'logging'>): Record<string, () => number> {
  const told = new Set<string>();
  const refuse = (name: string) => () => {
    if (!told.has(name)) logging.log(WARN, new TextEncoder().encode(`${name}: ${WHY}`));
    told.add(name);
    return ERRNO.notcapable;
  };
  const names = [...PREVIEW1.keys()].filter((name) => name.startsWith('sock_'));
  return Object.fromEntries(names.map((name) => [name, refuse(name)]));
}
