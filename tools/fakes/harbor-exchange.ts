import type { HarborStore } from './harbor-store.js';

/** Basic credentials that Harbor knows: of a person, or of a robot (`robot$name`). */
export interface HarborAccount {
  readonly username: string;
  readonly password: string;
  /** A system administrator may do all, and is told that a project does not exist. */
  readonly isAdmin?: boolean;
  /** By project. */
  readonly rights?: Readonly<Record<string, readonly ('pull' | 'push' | 'delete')[]>>;
}

export interface HarborExchange {
  readonly method: string;
  /** Path as it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** Null: anonymous, or credentials that are not known. */
  readonly account: HarborAccount | null;
  readonly hasAuthorization: boolean;
  readonly store: HarborStore;
  readonly version: string;
  readonly isReadOnly: boolean;
  /** Notes a request that the real one would refuse as wrong in itself, or that does more than a client means. */
  readonly violate: (what: string) => void;
}

export interface HarborAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | object | null;
}

export const mayIn = (
  { account, store }: HarborExchange,
  project: string,
  right: 'pull' | 'push' | 'delete',
): boolean => {
  if (account?.isAdmin) return true;
  if (right === 'pull' && store.projects.get(project)?.isPublic) return true;
  return account?.rights?.[project]?.includes(right) ?? false;
};
