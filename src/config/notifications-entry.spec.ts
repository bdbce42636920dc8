import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../../tools/certificate.js';
import { mayConnect } from '../notifications/target/address-rules.js';
import type { WebhookOptions } from '../notifications/webhook-options.js';
import { ConfigError } from './config.js';
import { loadConfig } from './load-config.js';

const { cert } = await makeCertificate('receiver');

const load = (webhooks: string): WebhookOptions =>
  loadConfig({ SEXTON_CONFIG: '/c' }, (path) => {
    if (path === '/ca.pem') return cert;
    if (path !== '/c') throw Object.assign(new Error('no'), { code: 'ENOENT' });
    return `registries: { r: { type: distribution, url: "http://r" } }\nnotifications: { webhooks: ${webhooks} }`;
  }).notifications.webhooks;

const faultsOf = (webhooks: string): string => {
  try {
    load(webhooks);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('the configuration of webhooks', () => {
  it('reads what they may lead to, and how long they are tried', () => {
    const options = load(`
      { allow: [ hooks.internal, 10.1.0.0/16, "fd00::/8", 127.0.0.1 ], attempts: 3, retryBase: 1s, retryMax: 1m,
        timeout: 2s, tls: { caFile: /ca.pem } }`);
    expect(options).toMatchObject({
      attempts: 3,
      retryBaseMs: 1_000,
      retryMaxMs: 60_000,
      timeoutMs: 2_000,
      tlsCa: cert,
    });
    expect(mayConnect(options.allowed, 'hooks.internal', '192.168.0.1')).toBe(true);
    expect(mayConnect(options.allowed, 'a', '10.1.2.3')).toBe(true);
    expect(mayConnect(options.allowed, 'a', '10.2.2.3')).toBe(false);
  });

  it('lets them lead nowhere but to public addresses by default', () => {
    expect(mayConnect(load('{}').allowed, 'localhost', '127.0.0.1')).toBe(false);
  });

  it.each([
    ['a URL', '{ allow: ["http://hooks.internal"] }', 'notifications.webhooks.allow.0: must be a host name'],
    ['a wildcard', '{ allow: ["*.internal"] }', 'notifications.webhooks.allow.0: must be a host name'],
    ['a range that is none', '{ allow: ["10.0.0.0/99"] }', 'notifications.webhooks.allow.0: must be'],
    ['no tries', '{ attempts: 0 }', 'notifications.webhooks.attempts'],
    ['a longest wait below the first', '{ retryBase: 1m, retryMax: 1s }', 'retryMax: must not be below'],
    ['a timeout without end', '{ timeout: 1h }', 'notifications.webhooks.timeout: must be at most 60s'],
    ['a file that is not there', '{ tls: { caFile: /none } }', 'tls.caFile: the file /none cannot be read'],
  ])('refuses %s', (_, webhooks, fault) => {
    expect(faultsOf(webhooks)).toContain(fault);
  });
});
