import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * IPv4 that is not for everybody, by the registry of special-purpose addresses (IANA, RFC 6890): this network, private, shared
 * (carrier's NAT), loopback, link-local (the metadata services of clouds), protocol assignments, documentation, 6to4 relays,
 * benchmarking, multicast, reserved, broadcast.
 */
const SPECIAL_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Of IPv6, what may be public at all. Outside it are loopback, unique-local, link-local, multicast, IPv4-mapped and NAT64. */
const GLOBAL_IPV6 = ['2000::', 3] as const;

/** Within it: protocol assignments with Teredo, documentation, 6to4, whose addresses have an IPv4 address inside, and documentation. */
const SPECIAL_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const specialIpv4 = new BlockList();
for (const [net, prefix] of SPECIAL_IPV4) specialIpv4.addSubnet(net, prefix, 'ipv4');
const globalIpv6 = new BlockList();
globalIpv6.addSubnet(...GLOBAL_IPV6, 'ipv6');
const specialIpv6 = new BlockList();
for (const [net, prefix] of SPECIAL_IPV6) specialIpv6.addSubnet(net, prefix, 'ipv6');

/**
 * Whether an address is one of the public Internet. Whatever carries an IPv4 address inside an IPv6 one is not, whatever is inside.
 * @param address as the system writes it; what is no address is not public
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !specialIpv4.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  return globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
}
