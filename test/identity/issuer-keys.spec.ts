import { errors, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SextonError } from '../../src/errors/sexton-error.js';
import { IssuerKeys } from '../../src/identity/oidc/issuer-keys.js';
import { makeSigningKey, startIssuer, type TestIssuer } from '../support/issuer.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let issuer: TestIssuer;
let keys: IssuerKeys;
let faults: unknown[];
let firstFault: Promise<void>;

beforeEach(async () => {
  // The clock alone: connections and their time limits are real.
  vi.useFakeTimers({ toFake: ['Date'] });
  issuer = await startIssuer();
  faults = [];
  firstFault = new Promise((resolve) => {
    keys = new IssuerKeys(issuer.options(), (error) => {
      faults.push(error);
      resolve();
    });
  });
});
afterEach(async () => {
  vi.useRealTimers();
  await keys.close();
  await issuer.stop();
  expect(issuer.violations).toEqual([]);
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
/** Whether the token's signature holds; its end is another matter. */
const verify = (token: string) =>
  jwtVerify(token, keys.find, { currentDate: new Date(0), algorithms: ['RS256'] });
const codeOf = async (outcome: Promise<unknown>): Promise<string> =>
  outcome.then(
    () => 'verified',
    (error: unknown) => {
      if (error instanceof SextonError || error instanceof errors.JOSEError) return error.code;
      throw error;
    },
  );
const UNKNOWN = 'ERR_JWKS_NO_MATCHING_KEY';

describe('the keys of an issuer', () => {
  it('are found by discovery, once for many tokens at once', async () => {
    const token = await issuer.token();
    await Promise.all([verify(token), verify(token), verify(token)]);
    await verify(token);
    expect(issuer.requests).toEqual(['/realm/.well-known/openid-configuration', '/realm/keys']);
  });

  it('are read without discovery where their address is configured', async () => {
    const direct = new IssuerKeys(issuer.options({ jwksUri: `${issuer.issuer}/keys` }), () => undefined);
    await jwtVerify(await issuer.token(), direct.find);
    await direct.close();
    expect(issuer.requests).toEqual(['/realm/keys']);
  });

  it('are read again when a token names a new one, but not for every token that does', async () => {
    const old = await issuer.token();
    await verify(old);
    const [second, third] = [await makeSigningKey(), await makeSigningKey()];
    issuer.publish(second);
    const fresh = await issuer.token();
    expect(await codeOf(verify(fresh))).toBe(UNKNOWN);
    later(31 * SECOND);
    expect(await codeOf(verify(fresh))).toBe('verified');
    // The old one went with the rotation.
    expect(await codeOf(verify(old))).toBe(UNKNOWN);
    const asked = issuer.requests.length;
    const unknown = await issuer.token({ key: third });
    for (let i = 0; i < 20; i += 1) expect(await codeOf(verify(unknown))).toBe(UNKNOWN);
    expect(issuer.requests.length).toBe(asked);
  });

  it('go on working while the issuer is down; of a new one nothing can be said', async () => {
    const known = await issuer.token();
    await verify(known);
    issuer.setDown(true);
    const unknown = await issuer.token({ key: await makeSigningKey() });
    later(11 * MINUTE);
    expect(await codeOf(verify(known))).toBe('verified');
    await firstFault;
    const asked = issuer.requests.length;
    for (let i = 0; i < 20; i += 1) {
      expect(await codeOf(verify(unknown))).toBe('issuer_unavailable');
      expect(await codeOf(verify(known))).toBe('verified');
    }
    expect(issuer.requests.length).toBe(asked);
    issuer.setDown(false);
    later(31 * SECOND);
    expect(await codeOf(verify(unknown))).toBe(UNKNOWN);
    expect(await codeOf(verify(known))).toBe('verified');
  });

  it('are no longer believed when nobody confirmed them for a day', async () => {
    const token = await issuer.token();
    await verify(token);
    issuer.setDown(true);
    later(25 * HOUR);
    expect(await codeOf(verify(token))).toBe('issuer_unavailable');
    issuer.setDown(false);
    later(31 * SECOND);
    expect(await codeOf(verify(token))).toBe('verified');
  });

  it('may be asked for first while the issuer is down, and are found when it is back', async () => {
    const token = await issuer.token();
    issuer.setDown(true);
    expect(await codeOf(verify(token))).toBe('issuer_unavailable');
    expect(await codeOf(verify(token))).toBe('issuer_unavailable');
    expect(faults).toHaveLength(1);
    issuer.setDown(false);
    later(31 * SECOND);
    expect(await codeOf(verify(token))).toBe('verified');
  });

  it.each([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['no address of keys', { jwks_uri: 'nowhere' }],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }],
  ])('are not taken from a discovery document that names %s', async (_what, changes) => {
    issuer.misdescribe(changes);
    expect(await codeOf(verify(await issuer.token()))).toBe('issuer_unavailable');
    expect(issuer.requests).toEqual(['/realm/.well-known/openid-configuration']);
  });
});
