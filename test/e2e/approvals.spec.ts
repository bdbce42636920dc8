import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApprovalRule } from '../../src/guardrails/approval-rule.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';
import { auditOf, keyOf, pushImages, read, untilState } from '../support/guarded.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';

const DAY = 86_400_000;
const rule = (changes: Partial<ApprovalRule>): ApprovalRule => ({
  name: 'production',
  registry: null,
  repository: null,
  tags: null,
  targetsOver: null,
  shareOver: null,
  bytesOver: null,
  referrers: false,
  approvers: 1,
  expiresAfterMs: 3 * DAY,
  ...changes,
});

let registry: RegistryServer;
let issuer: TestIssuer;
let gateway: TestGateway;
let requester: TestApi;
let approver: TestApi;
let nowMs = Date.now();
let count = 0;
let repository = '';

const status = async (tag: string) =>
  (await headManifest({ registryUrl: registry.url, repository }, tag)).status;
const ask = async (api: TestApi = requester, changes: Record<string, unknown> = {}): Promise<string> => {
  const body = { registry: 'prod', repository, references: ['v1'], reason: 'a test', ...changes };
  const asked = await api.post('/v1/deletions').send(body).expect(202);
  return (asked.body as { id: string }).id;
};
const decide = (api: TestApi, id: string, verdict: 'approve' | 'reject' = 'approve', body: object = {}) =>
  api.post(`/v1/deletions/${id}/${verdict}`).send({ reason: 'looked at it', ...body });

beforeAll(async () => {
  registry = await startRegistry();
  issuer = await startIssuer();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    guardrails: {
      approvals: [
        rule({ repository: 'prod/*' }),
        rule({ name: 'two', repository: 'two/*', approvers: 2 }),
        rule({ name: 'many', repository: 'many/*', targetsOver: 1 }),
      ],
    },
    oidc: issuer.options(),
    now: () => nowMs,
  });
  requester = await keyOf(gateway, 'requester', 'requester', { owner: 'rita' });
  approver = await keyOf(gateway, 'approver', 'approver', { owner: 'anna' });
});
afterAll(async () => {
  await gateway?.stop();
  await issuer?.stop();
  await registry?.stop();
});
beforeEach(async () => {
  nowMs = Date.now();
  repository = `prod/app${(count += 1)}`;
  await pushImages(registry.url, repository, 2);
});
afterEach(() => expect(issuer.violations).toEqual([]));

describe('a deletion that meets a rule', () => {
  it('deletes nothing until somebody else approved it, and then what the plan shows', async () => {
    const id = await ask();
    const waiting = await read(requester, id);
    expect(waiting).toMatchObject({
      state: 'awaiting_approval',
      approval: { planHash: waiting.plan?.hash, needed: 1, rules: [{ name: 'production' }], decisions: [] },
    });
    expect(await status('v1')).toBe(200);
    const answer = await decide(approver, id).expect(200);
    expect(answer.body).toMatchObject({ approval: { decisions: [{ by: { name: 'approver' } }] } });
    expect(await untilEnded(requester, id)).toMatchObject({ state: 'succeeded' });
    expect([await status('v1'), await status('v2')]).toEqual([404, 200]);
    const told = (await auditOf(gateway, id)).map(({ action, actor }) => `${action} ${actor.name}`);
    expect(told).toEqual(
      expect.arrayContaining(['deletion.awaiting_approval requester', 'deletion.approved approver']),
    );
  });

  it('deletes nothing when it is rejected, and cannot be approved any more', async () => {
    const id = await ask();
    await decide(approver, id, 'reject').expect(200);
    const late = await decide(approver, id).expect(409);
    expect(late.body).toMatchObject({ code: 'not_awaiting_approval' });
    expect(await read(requester, id)).toMatchObject({ state: 'rejected', targets: [{ outcome: null }] });
    expect(await status('v1')).toBe(200);
  });

  it('expires when nobody approved it in time', async () => {
    const id = await ask();
    nowMs += 3 * DAY + 1000;
    await decide(approver, id).expect(409);
    await untilState(requester, id, 'expired');
    await decide(approver, id).expect(409);
    expect(await status('v1')).toBe(200);
    expect((await auditOf(gateway, id)).map(({ action }) => action)).toContain('deletion.expired');
  });

  it('is not approved for another plan than the one that was read', async () => {
    const id = await ask();
    const stale = await decide(approver, id, 'approve', { planHash: 'sha256:another' }).expect(409);
    expect(stale.body).toMatchObject({ code: 'plan_stale' });
    expect(await read(requester, id)).toMatchObject({ state: 'awaiting_approval' });
  });

  it('leaves a tag alone that moved after the approval was asked for', async () => {
    const id = await ask();
    const registryUrl = registry.url;
    const fresh = await pushImage({ registryUrl, repository }, { tags: ['v1'], content: 'moved' });
    await decide(approver, id).expect(200);
    expect(await untilEnded(requester, id)).toMatchObject({ targets: [{ outcome: 'tag_moved' }] });
    expect((await headManifest({ registryUrl, repository }, 'v1')).digest).toBe(fresh.digest);
  });

  it('is no 202 to a client of registries, which would take that for done', async () => {
    const path = `/v2/prod/${repository}/manifests/v1`;
    const answer = await requester.delete(path);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ errors: [{ code: 'DENIED' }] });
    expect(await status('v1')).toBe(200);
  });

  it('may be one of a few of many: below the rule it runs at once', async () => {
    repository = `many/app${count}`;
    await pushImages(registry.url, repository, 3);
    expect(await untilEnded(requester, await ask())).toMatchObject({ state: 'succeeded', approval: null });
    const two = await read(requester, await ask(requester, { references: ['v2', 'v3'] }));
    expect(two.state).toBe('awaiting_approval');
    expect(two.approval?.rules).toEqual([{ name: 'many', because: '2 targets are more than 1' }]);
    expect([await status('v2'), await status('v3')]).toEqual([200, 200]);
  });
});

describe('the same person', () => {
  const refused = async (who: TestApi, id: string, verdict: 'approve' | 'reject' = 'approve') => {
    const answer = await decide(who, id, verdict).expect(403);
    expect(answer.body).toMatchObject({ code: 'second_person_required' });
    expect(await read(requester, id)).toMatchObject({ state: 'awaiting_approval' });
    expect(await status('v1')).toBe(200);
    const attempts = (await auditOf(gateway, id)).filter(({ code }) => code === 'second_person_required');
    expect(attempts).toMatchObject([{ outcome: 'refused' }]);
  };

  it('does not approve with the key that asked', async () => {
    const admin = await keyOf(gateway, 'admin a', 'admin', { owner: 'ada' });
    await refused(admin, await ask(admin));
  });

  it('does not approve with a second key of theirs', async () => {
    await refused(await keyOf(gateway, 'second', 'approver', { owner: 'Rita' }), await ask());
  });

  it('does not approve with a token, as the owner of the key that asked', async () => {
    const claims = { sub: 'rita', roles: ['approver'], sexton_scopes: ['prod/**:delete,read'] };
    await refused(gateway.api(await issuer.token({ claims })), await ask());
  });

  it('does not approve with a key that they made for somebody else', async () => {
    const admin = await keyOf(gateway, 'admin b', 'admin', { owner: 'berta' });
    const made = await keyOf(gateway, 'puppet', 'approver', { owner: 'nobody', by: admin });
    await refused(made, await ask(admin));
  });

  it('does not approve what a key of no owner asked for that they made', async () => {
    const admin = await keyOf(gateway, 'admin c', 'admin', { owner: 'carla' });
    const puppet = await keyOf(gateway, 'asking puppet', 'requester', { by: admin });
    await refused(admin, await ask(puppet));
  });

  it('does not approve a dry run of somebody else that they had executed', async () => {
    const operator = await keyOf(gateway, 'operator', 'operator', { owner: 'olga' });
    const second = await keyOf(gateway, 'approving operator', 'approver', { owner: 'olga' });
    const id = await ask(requester, { dryRun: true });
    await operator.post(`/v1/deletions/${id}/execute`).expect(202);
    await refused(second, id);
    await decide(approver, id).expect(200);
    expect(await untilEnded(requester, id)).toMatchObject({ state: 'succeeded' });
  });

  it('is not two of two', async () => {
    repository = `two/app${count}`;
    await pushImages(registry.url, repository, 1);
    const id = await ask();
    await decide(approver, id).expect(200);
    await refused(await keyOf(gateway, 'approver again', 'approver', { owner: 'anna' }), id);
    await decide(await keyOf(gateway, 'bob', 'approver', { owner: 'bob' }), id).expect(200);
    expect(await untilEnded(requester, id)).toMatchObject({ state: 'succeeded' });
  });

  it('is not two of two with a key that they made for nobody, whichever approves first', async () => {
    const admin = await keyOf(gateway, 'admin d', 'admin', { owner: 'dora' });
    const puppet = await keyOf(gateway, 'approving puppet', 'approver', { owner: 'nobody', by: admin });
    for (const [first, second] of [
      [admin, puppet],
      [puppet, admin],
    ] as const) {
      repository = `two/app${(count += 1)}`;
      await pushImages(registry.url, repository, 1);
      const id = await ask();
      await decide(first, id).expect(200);
      await refused(second, id);
    }
  });

  it('counts once where both decide at the same time', async () => {
    repository = `two/app${count}`;
    await pushImages(registry.url, repository, 1);
    const id = await ask();
    const answers = await Promise.all([decide(approver, id), decide(approver, id)]);
    expect(answers.map(({ status: code }) => code).sort()).toEqual([200, 403]);
    expect(await read(requester, id)).toMatchObject({ state: 'awaiting_approval' });
    expect(await status('v1')).toBe(200);
  });
});
