import type { DtrRepository } from './dtr-store.js';

export type DtrRight = 'read' | 'write';

export interface DtrAccount {
  readonly username: string;
  readonly password: string;
  /** Any of them goes in the password's place. */
  readonly accessTokens?: readonly string[];
  /** By repository; of every one, when left out. */
  readonly rights?: Readonly<Record<string, DtrRight>>;
}

export interface DtrSettings {
  /**
   * 2.5 deletes manifests and tags, 2.6 tags only, as its release notes say; 2.7 both, as its Swagger document says, with
   * other codes (FACTS §2.2).
   */
  readonly version: '2.5' | '2.6' | '2.7';
  /** A proxy before it maps names without a namespace; without one it has no routes for them (FACTS §2.4). */
  readonly mapsBareNames: boolean;
  /** The deletion of a manifest leaves its tags; no document says whether it does. */
  readonly keepsTagsOfDeletedManifests: boolean;
}

export interface DtrExchange {
  readonly method: string;
  /** As it was sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: {
    readonly host: string;
    readonly accept: string;
    readonly authorization: string;
    readonly contentType: string;
  };
  readonly body: Buffer;
  readonly repositories: Map<string, DtrRepository>;
  readonly settings: DtrSettings;
  readonly accounts: readonly DtrAccount[];
  /** Notes a request that the real one would refuse as wrong in itself, or that does more than a client means. */
  readonly violate: (what: string) => void;
}

export interface DtrAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | object | string | null;
}

export const refusal = (status: number, code: string, message: string): DtrAnswer => ({
  status,
  body: { errors: [{ code, message }] },
});

/** Of Basic credentials: an account, null for wrong ones, undefined for none. */
export const accountOf = ({ headers, accounts }: DtrExchange): DtrAccount | null | undefined => {
  const encoded = /^Basic (.+)$/i.exec(headers.authorization)?.[1];
  if (encoded === undefined) return undefined;
  const [, username, password = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  const known = accounts.find((account) => account.username === username);
  const isRight = known && (password === known.password || known.accessTokens?.includes(password));
  return isRight ? known : null;
};

export const may = (account: DtrAccount | undefined, right: DtrRight, name: string, isPublic: boolean) => {
  const has = account && (account.rights ? account.rights[name] : 'write');
  return has === 'write' || (right === 'read' && (has === 'read' || isPublic));
};
