import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditEvent } from './audit-event.js';
import { canonicalEvent, canonicalJson } from './canonical-event.js';
import {
  earlierHead,
  EMPTY_CHAIN,
  GENESIS_HASH,
  sealAfter,
  verifyChain,
  type ChainHead,
  type ChainLink,
} from './chain.js';

const anEvent = (id: string, change: Partial<AuditEvent> = {}): AuditEvent => ({
  id,
  at: new Date('2026-01-02T03:04:05.678Z'),
  action: 'target.deleted',
  actor: { id: 'key_1', name: 'team-a ci', address: null },
  outcome: 'succeeded',
  code: null,
  registry: 'prod',
  repository: 'team-a/app',
  reference: 'v1.0',
  digest: null,
  bytes: 42,
  reason: 'CVE-2026-1234',
  ticket: null,
  requestId: null,
  deletionId: 'D1',
  details: {},
  ...change,
});

const aChain = (length: number): ChainLink[] => {
  const events = Array.from({ length }, (_, i) => anEvent(`E${i + 1}`));
  return sealAfter(EMPTY_CHAIN, events).map((seal, i) => ({ seal, event: events[i] ?? null }));
};

describe('the canonical form', () => {
  it('is the documented JSON, with sorted keys and every field present', () => {
    expect(canonicalJson(canonicalEvent(anEvent('E1', { details: { b: 1.0, a: ['é', 1e21] } })))).toBe(
      '{"action":"target.deleted","actor":{"address":null,"id":"key_1","name":"team-a ci"},' +
        '"at":"2026-01-02T03:04:05.678Z","bytes":42,"code":null,"deletionId":"D1","details":{"a":["é",1e+21],"b":1},' +
        '"digest":null,"id":"E1","outcome":"succeeded","reason":"CVE-2026-1234","reference":"v1.0",' +
        '"registry":"prod","repository":"team-a/app","requestId":null,"ticket":null}',
    );
  });
});

describe('the chain', () => {
  it('can be recomputed by anyone from its documentation', () => {
    const [seal] = sealAfter(EMPTY_CHAIN, [anEvent('E1')]);
    const text = `{"event":${canonicalJson(canonicalEvent(anEvent('E1')))},"previousHash":"${GENESIS_HASH}","sequence":1}`;
    expect(seal?.hash).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  });

  it('holds when nothing was touched, also when it was sealed in pieces', async () => {
    const chain = aChain(5);
    const head = { sequence: 5, hash: chain[4]?.seal.hash };
    expect(await verifyChain(chain)).toEqual({ head, fault: null });
    const events = chain.map((link) => link.event as AuditEvent);
    const first = sealAfter(EMPTY_CHAIN, events.slice(0, 2));
    const rest = sealAfter(first[1] ?? EMPTY_CHAIN, events.slice(2));
    expect([...first, ...rest]).toEqual(chain.map((link) => link.seal));
  });

  it('is whole when it is empty', async () => {
    expect(await verifyChain([])).toEqual({ head: EMPTY_CHAIN, fault: null });
  });

  it('names every field that could be altered', async () => {
    const changes: Partial<AuditEvent>[] = [
      { at: new Date('2026-01-02T03:04:05.679Z') },
      { at: new Date(NaN) },
      { action: 'target.untagged' },
      { actor: { id: 'key_2', name: 'team-a ci', address: null } },
      { actor: { id: 'key_1', name: 'someone', address: null } },
      { actor: { id: 'key_1', name: 'team-a ci', address: '10.0.0.1' } },
      { outcome: 'failed' },
      { code: 'held' },
      { registry: null },
      { repository: 'team-a/other' },
      { reference: 'v1.1' },
      { digest: 'sha256:0' },
      { bytes: 43 },
      { reason: '' },
      { ticket: 'OPS-1' },
      { requestId: 'R' },
      { deletionId: null },
      { details: { x: null } },
      { details: { x: Infinity } },
    ];
    for (const change of changes) {
      const chain = aChain(3);
      chain[1] = { seal: chain[1]!.seal, event: { ...chain[1]!.event!, ...change } };
      expect((await verifyChain(chain)).fault).toMatchObject({ kind: 'altered', sequence: 2, eventId: 'E2' });
    }
  });

  it('names what is missing and what was swapped, at its place', async () => {
    const [a, b, c] = aChain(3) as [ChainLink, ChainLink, ChainLink];
    const fault = async (...links: ChainLink[]) => (await verifyChain(links)).fault;
    expect(await fault(a, c)).toMatchObject({ kind: 'missing', sequence: 2 });
    expect(await fault(b, c)).toMatchObject({ kind: 'missing', sequence: 1 });
    expect(await fault(a, { seal: b.seal, event: null }, c)).toMatchObject({ kind: 'missing', sequence: 2 });
    expect(await fault(a, { seal: b.seal, event: c.event }, { seal: c.seal, event: b.event })).toMatchObject({
      kind: 'swapped',
      sequence: 2,
    });
    const moved = (link: ChainLink, sequence: number): ChainLink => ({
      seal: { ...link.seal, sequence },
      event: link.event,
    });
    expect(await fault(a, moved(c, 2), moved(b, 3))).toMatchObject({ kind: 'swapped', sequence: 2 });
  });

  it('is held against a head that was noted earlier', async () => {
    const chain = aChain(3);
    const against = (links: ChainLink[], head: ChainHead) =>
      verifyChain(links, { witnesses: [earlierHead(head, 'noted earlier')] });
    const noted = { sequence: 3, hash: chain[2]!.seal.hash };
    expect((await against(chain, noted)).fault).toBeNull();
    expect((await against(chain.slice(0, 2), noted)).fault).toMatchObject({
      kind: 'truncated',
      sequence: 3,
    });
    expect((await against(chain, { ...noted, hash: GENESIS_HASH })).fault).toMatchObject({
      kind: 'altered',
    });
  });

  it('finds any single change of any single seal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.constantFrom('previousHash', 'hash', 'eventId'), async (at, field) => {
        const chain = aChain(4);
        chain[at] = { seal: { ...chain[at]!.seal, [field]: 'sha256:other' }, event: chain[at]!.event };
        expect((await verifyChain(chain)).fault?.sequence).toBe(at + 1);
      }),
    );
  });
});
