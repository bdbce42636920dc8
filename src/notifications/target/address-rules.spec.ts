import { describe, expect, it } from 'vitest';
import { mayConnect, parseAllowed, rulesOf } from './address-rules.js';

const NOBODY = rulesOf([]);

describe('a webhook may not lead to', () => {
  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback', '127.255.0.9'],
    ['loopback', '::1'],
    ['"this host"', '0.0.0.0'],
    ['"this host"', '::'],
    ['private networks', '10.0.0.1'],
    ['private networks', '172.16.0.1'],
    ['private networks', '172.31.255.255'],
    ['private networks', '192.168.1.1'],
    ["the cloud's metadata", '169.254.169.254'],
    ["the cloud's metadata", 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['unique-local', 'fc00::1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['multicast', '224.0.0.1'],
    ['multicast', 'ff02::1'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['reserved', '198.18.0.1'],
    ['IPv4 inside IPv6', '::ffff:127.0.0.1'],
    ['IPv4 inside IPv6', '::ffff:7f00:1'],
    ['IPv4 inside IPv6', '::127.0.0.1'],
    ['IPv4 inside IPv6 (NAT64)', '64:ff9b::a00:1'],
    ['IPv4 inside IPv6 (6to4)', '2002:a00:1::'],
    ['what is no address', 'localhost'],
    ['what is no address', ''],
  ])('%s: %s', (_, address) => {
    expect(mayConnect(NOBODY, 'hooks.example.com', address)).toBe(false);
  });
});

describe('a webhook may lead to', () => {
  it.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
    'a public address: %s',
    (address) => {
      expect(mayConnect(NOBODY, 'hooks.example.com', address)).toBe(true);
    },
  );

  it('an allowed range, and nothing beside it', () => {
    const rules = rulesOf(['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32']);
    expect(mayConnect(rules, 'a.internal', '10.1.200.3')).toBe(true);
    expect(mayConnect(rules, 'a.internal', '::ffff:10.1.200.3')).toBe(true);
    expect(mayConnect(rules, 'a.internal', '127.0.0.1')).toBe(true);
    expect(mayConnect(rules, 'a.internal', 'fd00:1::5')).toBe(true);
    for (const other of ['10.2.0.1', '127.0.0.2', 'fd00:2::5', '169.254.169.254']) {
      expect(mayConnect(rules, 'a.internal', other), other).toBe(false);
    }
  });

  it('whatever an allowed name leads to, by that name only', () => {
    const rules = rulesOf(['hooks.internal']);
    expect(mayConnect(rules, 'HOOKS.internal.', '10.9.9.9')).toBe(true);
    for (const other of ['xhooks.internal', 'a.hooks.internal', 'hooks.internal.example.com', '10.9.9.9']) {
      expect(mayConnect(rules, other, '10.9.9.9'), other).toBe(false);
    }
  });
});

describe('the list of what is allowed', () => {
  it.each(['hooks.internal', 'localhost', '10.0.0.0/8', '10.0.0.1', '::1', 'fd00::/8'])(
    'takes %s',
    (text) => {
      expect(parseAllowed(text)).not.toBeNull();
    },
  );

  it.each([
    '',
    '*',
    '*.internal',
    'http://a',
    'a:80',
    'A.internal',
    '10.0.0.0/33',
    '2130706433',
    '10.1',
    '0x7f.1',
    'a b',
  ])('does not take %j', (text) => {
    expect(parseAllowed(text)).toBeNull();
  });
});
