import type { Role } from './permissions.js';

/** Who makes a request, once the credential was checked. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  /** The client's network address. */
  readonly address: string | null;
}
