import dns from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { mayConnect, type AddressRules } from './address-rules.js';

/** Every address of a name, as `dns.promises.lookup` finds them: the hosts file, then DNS. */
export type Resolve = (hostname: string) => Promise<readonly dns.LookupAddress[]>;

export const systemResolve: Resolve = (hostname) =>
  dns.promises.lookup(hostname, { all: true, verbatim: true });

/** The target is, or leads to, an address that nobody allowed. */
export class AddressNotAllowed extends Error {
  readonly code = 'SEXTON_ADDRESS_NOT_ALLOWED';
}

/** Brackets are the URL's, not the address's. */
const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * The addresses that `hostname` (of a URL) leads to and that a connection may be made to. Throws `AddressNotAllowed` when
 * there is any other among them: a name that also leads inside is not one to trust with half of its answers. Otherwise
 * throws what `resolve` throws.
 */
export const allowedAddresses = async (
  hostname: string,
  rules: AddressRules,
  resolve: Resolve,
): Promise<readonly dns.LookupAddress[]> => {
  const host = bare(hostname);
  const family = isIP(host);
  const found = family === 0 ? await resolve(host) : [{ address: host, family }];
  if (found.length === 0 || !found.every(({ address }) => mayConnect(rules, host, address))) {
    throw new AddressNotAllowed('the target is an address that is not allowed');
  }
  return found;
};

/**
 * Connects only to what the rules allow. The check is on the very addresses that the socket is then given, at every
 * connection: a name that changes its answer (DNS rebinding) finds no moment between check and use.
 */
export const guardedConnector = (
  rules: AddressRules,
  resolve: Resolve,
  options: { readonly timeout: number; readonly ca: string | null },
): buildConnector.connector => {
  const lookup: LookupFunction = (hostname, { all }, done) => {
    allowedAddresses(hostname, rules, resolve).then(
      (found) => {
        const [first] = found;
        if (all === true || first === undefined) done(null, [...found]);
        else done(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => done(error, []),
    );
  };
  const connect = buildConnector({
    timeout: options.timeout,
    lookup,
    ...(options.ca !== null && { ca: options.ca }),
  });
  return (target, done) => {
    // Of an address net.connect asks no lookup.
    if (
      isIP(bare(target.hostname)) !== 0 &&
      !mayConnect(rules, bare(target.hostname), bare(target.hostname))
    ) {
      done(new AddressNotAllowed('the target is an address that is not allowed'), null);
      return;
    }
    connect(target, done);
  };
};
