import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [network: Address, bits: number];

/** Which addresses a webhook may lead to. */
export interface AddressRules {
  /** Host names, in lower case, that may be any address. */
  readonly names: ReadonlySet<string>;
  readonly ranges: readonly Range[];
}

/** Names, addresses and CIDR ranges of sexton.yaml; null of what is none of them. */
export const parseAllowed = (text: string): { readonly name: string } | { readonly range: Range } | null => {
  if (ipaddr.isValidCIDR(text)) return { range: ipaddr.parseCIDR(text) };
  if (ipaddr.IPv6.isValid(text)) return { range: [ipaddr.parse(text), 128] };
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return { range: [ipaddr.parse(text), 32] };
  const isName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(
    text,
  );
  // What ends in a number is an address to every URL parser, not a name.
  return isName && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(text) ? { name: text } : null;
};

export const rulesOf = (allow: readonly string[]): AddressRules => {
  const parsed = allow.map(parseAllowed);
  return {
    names: new Set(parsed.flatMap((one) => (one !== null && 'name' in one ? [one.name] : []))),
    ranges: parsed.flatMap((one) => (one !== null && 'range' in one ? [one.range] : [])),
  };
};

/**
 * Whether a connection to `address`, which `hostname` led to, may be made. Of addresses that nobody allowed only public
 * unicast ones: what ipaddr.js has another name for (private, loopback, link-local, unique-local, carrier-grade NAT,
 * multicast, reserved, tunnels and translations into IPv4) is refused, and so is what it cannot read.
 */
export const mayConnect = (rules: AddressRules, hostname: string, address: string): boolean => {
  if (rules.names.has(plainName(hostname))) return true;
  const target = parseAddress(address);
  if (target === null) return false;
  return target.range() === 'unicast' || rules.ranges.some((range) => isWithin(target, range));
};

/** As a name in the list is written: lower case, and without the dot that ends an absolute one. */
const plainName = (hostname: string): string => hostname.toLowerCase().replace(/\.$/, '');

/** An IPv4 address inside an IPv6 one is what it leads to (`::ffff:10.0.0.1`). */
const parseAddress = (text: string): Address | null => {
  if (!ipaddr.isValid(text)) return null;
  const address = ipaddr.parse(text);
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
};

const isWithin = (address: Address, [network, bits]: Range): boolean =>
  address instanceof ipaddr.IPv4
    ? network instanceof ipaddr.IPv4 && address.match(network, bits)
    : network instanceof ipaddr.IPv6 && address.match(network, bits);
