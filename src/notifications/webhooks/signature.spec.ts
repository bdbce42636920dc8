import { describe, expect, it } from 'vitest';
import { generateSecret, signedHeaders } from './signature.js';

describe('a signature', () => {
  it('is what Standard Webhooks prescribes', () => {
    // The example of the specification's own test vectors.
    const headers = signedHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1614265330, body: '{"test": 2432232314}' },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('is one of each secret while the old one still counts', () => {
    const [first, second] = [generateSecret(), generateSecret()];
    const message = { id: 'msg_1', timestamp: 1, body: '{}' };
    const both = signedHeaders(message, [first, second])['webhook-signature'];
    expect(both).toBe(
      `${signedHeaders(message, [first])['webhook-signature']} ${signedHeaders(message, [second])['webhook-signature']}`,
    );
  });

  it('is made with a secret of 256 bits, each another one', () => {
    expect(generateSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(generateSecret()).not.toBe(generateSecret());
  });
});
