/** A credential, with what is known of the person who holds it. */
export interface Credential {
  /** Of a key its id, of a token of the issuer `oidc:<sub>`. */
  readonly id: string;
  readonly owner: string | null;
}

export interface Identity extends Credential {
  /** The credentials with which it was made, the nearest first. */
  readonly madeBy: readonly Credential[];
}

const OIDC = 'oidc:';

/** Two people whose names differ in case alone are taken for one: doubt means that they do not approve for each other. */
const ownerName = (text: string): string => `owner:${text.normalize('NFKC').trim().toLowerCase()}`;

/** An owner may be written as a `sub`, or as the `oidc:<sub>` that stands in the audit log. */
const namesOf = ({ id, owner }: Credential): ReadonlySet<string> => {
  const names = new Set([`id:${id}`]);
  if (id.startsWith(OIDC)) names.add(ownerName(id.slice(OIDC.length)));
  if (owner !== null) names.add(ownerName(owner.startsWith(OIDC) ? owner.slice(OIDC.length) : owner));
  return names;
};

const shareName = (a: Credential, b: Credential): boolean => {
  const names = namesOf(b);
  return [...namesOf(a)].some((name) => names.has(name));
};

/**
 * Whether `other` must count as the person who holds `first`: the same credential or owner, or a credential that this
 * person made, whoever it is said to belong to. A credential of no owner belongs to whoever made it, as well.
 */
export const isSamePerson = (first: Identity, other: Identity): boolean =>
  shareName(first, other) ||
  other.madeBy.some((maker) => shareName(maker, first)) ||
  (first.owner === null && first.madeBy.some((maker) => shareName(maker, other)));
