import { describe, expect, it } from 'vitest';
import type { Collection, Deletion, Hold, Me } from '../../../public-api/openapi.js';
import { roleMay, PERMISSIONS, type Role } from '../../../identity/permissions.js';
import { mayAct, type ScopeAction } from '../../../identity/scope.js';
import { mayLift } from '../holds/hold-acts.js';
import { actsOnCollection } from './collection-acts.js';
import { actsOn, type Judged } from './deletion-acts.js';
import { isInScope } from './scope.js';

const caller = (role: Role, scopes: string[] = ['prod/team-a/**:delete']): Me => ({
  id: `key_${role}`,
  name: role,
  role,
  scopes,
  permissions: PERMISSIONS.filter((permission) => roleMay(role, permission)),
});

const plan: Deletion['plan'] = {
  hash: 'sha256:0',
  reclaimableBytes: { value: 0, exact: true },
  ...{ targets: [], refusals: [], selected: null, notes: [] },
};
const some = (state: Deletion['state'], changes: Partial<Judged> = {}): Judged => ({
  ...{ state, registry: 'prod', repository: 'team-a/app', approval: null, plan, dryRun: true },
  requestedBy: { id: 'key_requester', name: 'ci' },
  targets: [],
  ...changes,
});
const deleted: Deletion['targets'] = [
  { reference: 'v1', digest: 'd', outcome: 'deleted', code: null, message: null, startedAt: null, at: null },
];

describe('what is offered for a deletion', () => {
  it.each([
    ['planned', 'requester', ['execute', 'cancel']],
    ['planned', 'approver', []],
    ['planned', 'auditor', []],
    ['awaiting_approval', 'approver', ['approve', 'reject']],
    ['awaiting_approval', 'requester', ['cancel']],
    ['awaiting_approval', 'admin', ['approve', 'reject', 'cancel']],
    ['queued', 'operator', ['cancel']],
    ['running', 'admin', []],
    ['rejected', 'admin', []],
  ] as const)('%s, to a %s: %j', (state, role, acts) => {
    expect(actsOn(some(state), caller(role))).toEqual(acts);
  });

  it('is no approval of what one asked for, or approved already', () => {
    const mine = some('awaiting_approval', { requestedBy: { id: 'key_approver', name: 'me' } });
    expect(actsOn(mine, caller('approver'))).toEqual([]);
    const decisions = [
      { decision: 'approved' as const, by: { id: 'key_approver', name: 'me' }, reason: 'r', at: 't' },
    ];
    const approval = { planHash: 'h', needed: 2, rules: [], expiresAt: 't', decisions };
    expect(actsOn(some('awaiting_approval', { approval }), caller('approver'))).toEqual([]);
  });

  it('is a restore only of what something was deleted by', () => {
    expect(actsOn(some('succeeded', { targets: deleted }), caller('requester'))).toEqual(['restore']);
    expect(actsOn(some('failed'), caller('requester'))).toEqual([]);
    expect(actsOn(some('restored', { targets: deleted }), caller('requester'))).toEqual([]);
  });

  it('is nothing out of scope, and nothing where the scope is to read', () => {
    expect(actsOn(some('planned', { repository: 'team-b/app' }), caller('requester'))).toEqual([]);
    expect(actsOn(some('planned'), caller('requester', ['prod/**:read']))).toEqual([]);
  });

  it('is no execution of a plan with refusals', () => {
    const refusals = [{ reference: 'v1', code: 'held' as const, message: 'm' }];
    expect(actsOn(some('planned', { plan: { ...plan, refusals } }), caller('requester'))).toEqual(['cancel']);
  });
});

describe('a scope', () => {
  const SCOPES = [
    'prod/team-a/**:delete',
    '*/public:read',
    'prod/*/app:read,delete',
    'pro*/x:delete',
    'bad',
    '',
  ];
  const PLACES = [
    ...['team-a', 'team-a/app', 'team-a/x/y', 'team-ab/x', 'public', 'x', 'team-b/app'],
  ].flatMap((repository) => ['prod', 'staging'].map((registry) => ({ registry, repository })));

  it.each(['requester', 'auditor', 'admin'] as const)('reaches as far as on the server, for a %s', (role) => {
    for (const scope of SCOPES)
      for (const place of PLACES)
        for (const action of ['read', 'delete'] satisfies ScopeAction[]) {
          const me = caller(role, [scope]);
          const onServer = mayAct({ ...me, address: null }, action, place.registry, place.repository);
          expect(isInScope(me, action, place), `${scope} ${action} ${JSON.stringify(place)}`).toBe(onServer);
        }
  });
});

describe('what is offered for a hold', () => {
  const hold = (changes: Partial<Hold> = {}): Hold => ({
    ...{ id: 'hold_1', source: 'api', registry: 'prod', repository: 'team-a/**', tags: null, digest: null },
    ...{ reason: 'r', owner: null, legal: false, state: 'in_force', createdAt: null, createdBy: null },
    ...{ expiresAt: null, liftRequested: null, lifted: null },
    ...changes,
  });
  it('is to lift it, by whoever may, while it is in force and not in sexton.yaml', () => {
    expect(mayLift(hold(), caller('operator'))).toBe(true);
    expect(mayLift(hold(), caller('approver'))).toBe(false);
    expect(mayLift(hold({ source: 'config' }), caller('admin'))).toBe(false);
    expect(mayLift(hold({ state: 'lifted' }), caller('admin'))).toBe(false);
  });
  it('is of a legal one to be the second, and not both', () => {
    const asked = { by: { id: 'key_operator', name: 'o' }, reason: 'r', at: 't' };
    const legal = hold({ legal: true, liftRequested: asked });
    expect(mayLift(legal, caller('operator'))).toBe(false);
    expect(mayLift(legal, caller('approver'))).toBe(true);
  });
});

describe('what is offered for a collection', () => {
  const collection = (changes: Partial<Collection>): Collection => ({
    ...{ id: 'c', registry: 'prod', engine: 'sexton', state: 'waiting', when: 'window', mode: 'collect' },
    ...{ untagged: 'keep', reason: 'r', ticket: null, requestedBy: { id: 'k', name: 'n' }, createdAt: 't' },
    ...{ startedAt: null, finishedAt: null, opensAt: null, cancelRequested: false, undoRequested: false },
    ...{ problem: null, batches: 0, summary: null },
    quarantined: { count: 3, bytes: 30 },
    restored: { count: 1, bytes: 10 },
    purged: { count: 1, bytes: 10 },
    ...changes,
  });
  it.each([
    [{ state: 'waiting' }, ['runNow', 'cancel']],
    [{ state: 'waiting', when: 'now' }, ['cancel']],
    [{ state: 'running', when: 'now' }, ['cancel']],
    [{ state: 'running', cancelRequested: true }, []],
    [{ state: 'failed' }, ['resume', 'undo']],
    [{ state: 'succeeded' }, ['undo']],
    [{ state: 'succeeded', purged: { count: 2, bytes: 20 } }, []],
    [{ state: 'succeeded', mode: 'dry-run' }, []],
    [{ state: 'succeeded', engine: 'harbor' }, []],
  ] as const)('%j, to an operator: %j', (changes, acts) => {
    expect(actsOnCollection(collection(changes), caller('operator'))).toEqual(acts);
    expect(actsOnCollection(collection(changes), caller('requester'))).toEqual([]);
  });
});
