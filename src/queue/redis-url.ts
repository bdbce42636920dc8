/** Where Redis is: one server, a master that sentinels name, or a cluster. */
export type RedisPlace =
  | { readonly kind: 'single'; readonly url: string }
  | {
      readonly kind: 'sentinel' | 'cluster';
      readonly hosts: readonly { readonly host: string; readonly port: number }[];
      /** Of the master among the sentinels; empty for a cluster. */
      readonly name: string;
      readonly database: number;
      readonly username: string | null;
      readonly password: string | null;
      readonly tls: boolean;
    };

const DEFAULT_PORT = { sentinel: 26_379, cluster: 6379 } as const;

/** Scheme, user info, hosts, path: `URL` takes no list of hosts. */
const MANY = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/]*)@)?([^/?#@]+)(?:\/([^?#]*))?$/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/i;

/**
 * Reads `redis://…`, `redis+sentinel://[user:password@]host[:port],…/master[/database]` or
 * `redis+cluster://[user:password@]host[:port],…`, each with `rediss` for TLS. Null for anything else.
 */
export const parseRedisUrl = (text: string): RedisPlace | null => {
  if (/^rediss?:\/\//.test(text)) return URL.canParse(text) ? { kind: 'single', url: text } : null;
  const [, scheme, kind, userInfo, list = '', path = ''] = MANY.exec(text) ?? [];
  if (kind !== 'sentinel' && kind !== 'cluster') return null;
  const hosts = list.split(',').flatMap((part) => {
    const [, host, port] = HOST.exec(part) ?? [];
    return host === undefined
      ? []
      : [{ host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? DEFAULT_PORT[kind]) }];
  });
  const [name = '', database = '0', ...rest] = path.split('/');
  const isWhole = hosts.length === list.split(',').length && rest.length === 0 && /^\d{1,2}$/.test(database);
  if (!isWhole || (kind === 'sentinel') === (name === '')) return null;
  const [username, password] = credentials(userInfo);
  if (username === undefined) return null;
  const tls = scheme === 'rediss';
  return { kind, hosts, name, database: Number(database), username, password: password ?? null, tls };
};

const credentials = (userInfo = ''): [username?: string | null, password?: string | null] => {
  const colon = userInfo.indexOf(':');
  if (userInfo === '') return [null, null];
  if (colon < 0) return [];
  try {
    const [username, password] = [userInfo.slice(0, colon), userInfo.slice(colon + 1)].map(
      decodeURIComponent,
    );
    return [username === '' || username === undefined ? null : username, password ?? null];
  } catch {
    return [];
  }
};
