import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSamePerson, type Identity } from './person.js';

const key = (id: string, owner: string | null = null, ...madeBy: string[]): Identity => ({
  id,
  owner,
  madeBy: madeBy.map((maker) => ({ id: maker, owner: null })),
});

describe('two credentials', () => {
  it.each<[string, Identity, Identity]>([
    ['the same key', key('key_a'), key('key_a')],
    ['two keys of one owner', key('key_a', 'alice'), key('key_b', 'alice')],
    ['owners that differ in case and blanks', key('key_a', 'Alice '), key('key_b', 'alice')],
    ['a key and the token of its owner', key('key_a', 'alice'), key('oidc:alice')],
    ['a token and a key of its subject', key('oidc:alice'), key('key_a', 'oidc:alice')],
    ['a key that the requester made', key('key_a'), key('key_b', null, 'key_a')],
    ['a key that the requester made for somebody else', key('key_a', 'alice'), key('key_b', 'bob', 'key_a')],
    ['a key made with a key that the requester made', key('key_a'), key('key_c', 'carol', 'key_b', 'key_a')],
    ['a key that a token of the requester made', key('oidc:alice'), key('key_b', 'bob', 'oidc:alice')],
    [
      "a key made by another key of the requester's",
      key('key_a', 'alice'),
      { ...key('key_b'), madeBy: [{ id: 'key_c', owner: 'alice' }] },
    ],
    ['a requesting key of no owner, and its maker', key('key_b', null, 'key_a'), key('key_a')],
  ])('are one person: %s', (_what, requester, approver) => {
    expect(isSamePerson(requester, approver)).toBe(true);
  });

  it.each<[string, Identity, Identity]>([
    [
      'two keys that one administrator made',
      key('key_a', null, 'key_admin'),
      key('key_b', null, 'key_admin'),
    ],
    [
      'a key of an owner, and the administrator who made it',
      key('key_a', 'alice', 'key_admin'),
      key('key_admin'),
    ],
    ['two owners', key('key_a', 'alice'), key('key_b', 'bob')],
    ['two tokens', key('oidc:alice'), key('oidc:bob')],
  ])('are two people: %s', (_what, requester, approver) => {
    expect(isSamePerson(requester, approver)).toBe(false);
  });

  it('of one owner are one person, whoever made them', () => {
    const ids = fc.stringMatching(/^key_[a-z]{3}$/);
    fc.assert(
      fc.property(
        ids,
        ids,
        fc.array(ids, { maxLength: 3 }),
        fc.array(ids, { maxLength: 3 }),
        (a, b, makersOfA, makersOfB) => {
          expect(isSamePerson(key(a, 'alice', ...makersOfA), key(b, 'alice', ...makersOfB))).toBe(true);
        },
      ),
    );
  });

  it('never approve for a key that made one of them', () => {
    const ids = fc.stringMatching(/^key_[a-z]{3}$/);
    fc.assert(
      fc.property(
        ids,
        ids,
        fc.array(ids, { maxLength: 4 }),
        fc.option(ids),
        (requester, approver, makers, owner) => {
          expect(isSamePerson(key(requester), key(approver, owner, ...makers, requester))).toBe(true);
        },
      ),
    );
  });
});
