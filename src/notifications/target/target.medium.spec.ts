import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificate } from '../../../tools/certificate.js';
import { WebhookReceiver } from '../../../test/support/webhook-receiver.js';
import { DEFAULT_WEBHOOKS } from '../webhook-options.js';
import { WebhookSender, type Answer } from '../webhooks/sender.js';
import { rulesOf } from './address-rules.js';
import { systemResolve, type Resolve } from './guarded-connect.js';
import { WebhookTargets } from './webhook-targets.js';
import { webhookUrlSchema } from './webhook-url.js';

let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
});
afterEach(async () => {
  await receiver.stop();
});

const post = async (url: string, resolve: Resolve = systemResolve, allow: string[] = []): Promise<Answer> => {
  const sender = new WebhookSender({ ...DEFAULT_WEBHOOKS, allowed: rulesOf(allow) }, resolve);
  try {
    return await sender.post(url, {}, '{}', Date.now());
  } finally {
    await sender.close();
  }
};

const isRefused = async (url: string, resolve?: Resolve): Promise<void> => {
  const targets = new WebhookTargets(rulesOf([]), resolve);
  const href = webhookUrlSchema.parse(url);
  await expect(targets.assertAllowed(href)).rejects.toMatchObject({ code: 'webhook_target_refused' });
  expect(await post(href, resolve)).toEqual({ answered: false, fault: 'address_not_allowed' });
};

/** A DNS that answers with these, one after the other; the last one for ever. */
const dnsOf = (...answers: readonly (readonly string[])[]): Resolve => {
  let asked = 0;
  return async () => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
};

describe('a webhook is refused, when it is made and when it is connected to, that leads to', () => {
  it.each([
    ['the metadata of a cloud', 'http://169.254.169.254/latest/meta-data/'],
    ['this machine, by name', 'http://localhost:PORT/'],
    ['this machine, by address', 'http://127.0.0.1:PORT/'],
    ['this machine, as one decimal number', 'http://2130706433:PORT/'],
    ['this machine, in hexadecimal', 'http://0x7f000001:PORT/'],
    ['this machine, in octal', 'http://0177.0.0.1:PORT/'],
    ['this machine, in short', 'http://127.1:PORT/'],
    ['this machine, as all addresses', 'http://0.0.0.0:PORT/'],
    ['this machine, in IPv6', 'http://[::1]:PORT/'],
    ['this machine, IPv4 in IPv6', 'http://[::ffff:127.0.0.1]:PORT/'],
    ['this machine, IPv4 in IPv6, in hexadecimal', 'http://[::ffff:7f00:1]:PORT/'],
    ['this machine, in full-width digits', 'http://１２７.0.0.1:PORT/'],
    ['this machine, by https', 'https://127.0.0.1:PORT/'],
    ['a private network', 'http://10.0.0.1/'],
  ])('%s: %s', async (_, url) => {
    await isRefused(url.replace('PORT', String(receiver.port)));
    expect(receiver.received).toEqual([]);
  });

  it('a name that resolves to a private address, alone or among others', async () => {
    for (const addresses of [['127.0.0.1'], ['10.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['::1'], []]) {
      await isRefused(`http://hooks.example.com:${receiver.port}/`, dnsOf(addresses));
    }
    expect(receiver.received).toEqual([]);
  });
});

describe('a name that changes its answer', () => {
  it('between the check and the connection finds no hole', async () => {
    const url = `http://rebind.example.com:${receiver.port}/`;
    const resolve = dnsOf(['93.184.215.14'], ['127.0.0.1']);
    await new WebhookTargets(rulesOf([]), resolve).assertAllowed(url);
    expect(await post(url, resolve)).toEqual({ answered: false, fault: 'address_not_allowed' });
    expect(receiver.received).toEqual([]);
  });

  it('is connected to at the address that was checked, and looked up once for that', async () => {
    // Were the answer asked for twice, the second one would lead nowhere.
    const resolve = dnsOf(['127.0.0.1'], ['127.0.0.2', '10.0.0.1']);
    const answer = await post(`http://hooks.example.com:${receiver.port}/`, resolve, ['127.0.0.1']);
    expect(answer).toEqual({ answered: true, status: 204, retryAfterMs: null });
    expect(receiver.received[0]?.headers.host).toBe(`hooks.example.com:${receiver.port}`);
  });
});

describe('what sexton.yaml allows', () => {
  it('is reached: an address, a range, a name', async () => {
    for (const allow of ['127.0.0.1', '127.0.0.0/8', 'localhost']) {
      const host = allow === 'localhost' ? 'localhost' : '127.0.0.1';
      const url = `http://${host}:${receiver.port}/`;
      await new WebhookTargets(rulesOf([allow])).assertAllowed(url);
      expect(await post(url, systemResolve, [allow]), allow).toMatchObject({ answered: true });
    }
  });

  it('by name is not reached by its address', async () => {
    expect(await post(receiver.url, systemResolve, ['localhost'])).toMatchObject({
      fault: 'address_not_allowed',
    });
  });
});

describe('the URL of a webhook', () => {
  it.each([
    ['a scheme that is not HTTP', 'ftp://example.com/'],
    ['a file', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['gopher', 'gopher://127.0.0.1:6379/_FLUSHALL'],
    ['a user', 'https://user@example.com/'],
    ['a password', 'https://:secret@example.com/'],
    ['a fragment', 'https://example.com/#a'],
    ['no host', 'http://'],
    ['a path alone', '/hook'],
    ['the port of a mail server', 'http://example.com:25/'],
    ['port 0', 'http://example.com:0/'],
    ['a port that is none', 'http://example.com:99999/'],
    ['a name with NUL', 'http://exa\u0000mple.com/'],
    ['too much', `https://example.com/${'a'.repeat(2_000)}`],
    ['too much, once encoded', `https://example.com/${'é'.repeat(900)}`],
  ])('has not %s: %s', (_, url) => {
    expect(webhookUrlSchema.safeParse(url).success).toBe(false);
  });

  it.each(['https://example.com', 'http://example.com:8080/a?b=c', 'https://example.com:443/'])(
    'may be %s',
    (url) => {
      expect(webhookUrlSchema.safeParse(url).success).toBe(true);
    },
  );
});

describe('TLS', () => {
  it('is verified: a certificate that nobody trusts is no receiver', async () => {
    const { createServer } = await import('node:https');
    const { cert, key } = await makeCertificate('receiver');
    const server = createServer({ cert, key }, (_, response) => response.end());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const url = `https://localhost:${typeof address === 'object' ? address?.port : 0}/`;
    try {
      expect(await post(url, dnsOf(['127.0.0.1']), ['127.0.0.1'])).toEqual({
        answered: false,
        fault: 'tls_error',
      });
      const trusting = new WebhookSender({
        ...DEFAULT_WEBHOOKS,
        allowed: rulesOf(['127.0.0.1']),
        tlsCa: cert,
      });
      expect(await trusting.post(url.replace('localhost', '127.0.0.1'), {}, '{}', 0)).toMatchObject({
        status: 200,
      });
      await trusting.close();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
