/**
 * Loaded into a server before it starts: every name answers with a public address at first, and with this machine's whenever it is asked
 * again, as a resolver does that an attacker runs.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';

const PUBLIC = { address: '198.97.190.53', family: 4 };
const HERE = { address: '127.0.0.1', family: 4 };
const asked = new Set();
const { lookup } = dns;

function answer(name) {
  const first = !asked.has(name);
  asked.add(name);
  return first ? PUBLIC : HERE;
}

dns.promises.lookup = async (name) => [answer(name)];
dns.lookup = (name, options, callback) => {
  // The server's own listeners.
  if (isIP(name)) return lookup(name, options, callback);
  const { address, family } = answer(name);
  const all = typeof options === 'object' && options.all === true;
  process.nextTick(() => (all ? callback(null, [{ address, family }]) : callback(null, address, family)));
};
syncBuiltinESMExports();
