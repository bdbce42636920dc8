import {
  accountOf,
  may,
  refusal,
  type DtrAccount,
  type DtrAnswer,
  type DtrExchange,
  type DtrRight,
} from './dtr-exchange.js';
import { manifestAt, recordsOf, type DtrRepository } from './dtr-store.js';

const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[a-f0-9]{64}$/;
/** A router's answer to what it has no route for. */
const NO_ROUTE: DtrAnswer = {
  status: 404,
  headers: { 'content-type': 'text/plain' },
  body: '404 page not found\n',
};

/** `/api/v0` (FACTS §2.2–§2.5). */
export const answerApi = (exchange: DtrExchange): DtrAnswer => {
  const { path, violate } = exchange;
  const account = accountOf(exchange);
  // Not always with a body that can be read (FACTS §2.5).
  if (account === null) return { status: 401, headers: { 'content-type': 'text/plain' }, body: 'no' };
  if (/\/\/|%|\/$|\/\.\.?(\/|$)/.test(path)) violate(`${path} has an empty, encoded or dotted segment`);
  if (!/\bapplication\/json\b/.test(exchange.headers.accept)) {
    return refusal(406, 'NOT_ACCEPTABLE', 'Not Acceptable');
  }
  if (path === '/api/v0/repositories') return listRepositories(exchange, account);
  // What a list of tags of a name without namespace is here: a look at the repository `tags` of a namespace.
  if (
    exchange.method === 'GET' &&
    /^\/api\/v0\/repositories\/[^/]+\/[^/]+$/.test(path) &&
    !isMapped(exchange)
  ) {
    return refusal(404, 'NO_SUCH_REPOSITORY', 'no such repository');
  }
  const route = routeOf(exchange);
  if (route === null) {
    violate(`${exchange.method} ${path} is no route of the API`);
    return NO_ROUTE;
  }
  return answerRoute(exchange, account, route);
};

interface Route {
  readonly name: string;
  readonly kind: string;
  readonly reference: string | null;
}

/** `/repositories/{namespace}/{reponame}/{kind}[/{reference}]`: exactly two components, unless a proxy maps names. */
const routeOf = ({ path, settings, method, violate }: DtrExchange): Route | null => {
  const [, api, version, top, ...rest] = path.split('/');
  if (api !== 'api' || version !== 'v0' || top !== 'repositories') return null;
  if (method === 'DELETE' && rest.length <= 2) violate(`${path} deletes a whole repository`);
  const components = isMapped({ path, settings }) ? 1 : 2;
  const [kind, reference, ...more] = rest.slice(components);
  if (kind === undefined || more.length > 0) return null;
  return { name: rest.slice(0, components).join('/'), kind, reference: reference ?? null };
};

const isMapped = ({ path, settings }: Pick<DtrExchange, 'path' | 'settings'>): boolean =>
  settings.mapsBareNames && /^\/api\/v0\/repositories\/[^/]+\/(tags|manifests)(\/|$)/.test(path);

const answerRoute = (exchange: DtrExchange, account: DtrAccount | undefined, route: Route): DtrAnswer => {
  const { method, repositories, settings, violate } = exchange;
  const { name, kind, reference } = route;
  const repository = repositories.get(name);
  const allowed = (right: DtrRight) => may(account, right, name, repository?.isPublic ?? false);
  const isDelete = method === 'DELETE' && reference !== null && (kind === 'tags' || kind === 'manifests');
  if (isDelete && kind === 'manifests' && settings.version === '2.6') return NO_ROUTE;
  if (!isDelete && !(method === 'GET' && kind === 'tags' && reference === null)) {
    violate(`${method} ${exchange.path} is no route of the API`);
    return NO_ROUTE;
  }
  if (isDelete && account === undefined) return refusal(401, 'NOT_AUTHENTICATED', 'not authenticated');
  if (!repository || !allowed('read')) return refusal(404, 'NO_SUCH_REPOSITORY', 'no such repository');
  if (!isDelete) return listTags(exchange, repository);
  if (!allowed('write')) return refusal(403, 'NOT_AUTHORIZED', 'not authorized');
  if (exchange.body.byteLength > 0) violate(`${method} ${exchange.path} with a body`);
  return kind === 'tags'
    ? deleteTag(exchange, repository, reference)
    : deleteManifest(exchange, repository, reference);
};

const deleteTag = (exchange: DtrExchange, repository: DtrRepository, tag: string): DtrAnswer => {
  const { query, headers, settings, violate } = exchange;
  if (!TAG.test(tag)) violate(`${tag} is no tag`);
  knownParameters(exchange, ['domain']);
  if (!repository.tags.has(tag)) {
    return refusal(404, settings.version === '2.7' ? 'NO_SUCH_REF' : 'NO_SUCH_TAG', 'no such tag');
  }
  // Trust data is of a domain: without it, or with another one, nothing is known of it.
  if (repository.signed.has(tag) && query.get('domain') === headers.host) {
    return refusal(409, 'TAG_IN_NOTARY', "in notary and can't be deleted until it is removed from notary");
  }
  repository.tags.delete(tag);
  return { status: 204 };
};

const deleteManifest = (exchange: DtrExchange, repository: DtrRepository, reference: string): DtrAnswer => {
  const { settings, violate } = exchange;
  knownParameters(exchange, []);
  if (!DIGEST.test(reference)) {
    violate(`${reference} is no digest; what the deletion by tag removes is documented nowhere`);
    return refusal(400, 'INVALID_DIGEST', 'The given digest is invalid');
  }
  const manifest = manifestAt(repository, reference);
  if (!manifest) {
    const code = settings.version === '2.7' ? 'NO_SUCH_REF' : 'NO_SUCH_MANIFEST';
    return refusal(404, code, 'no such manifest');
  }
  repository.manifests.delete(manifest.digest);
  for (const [tag, digest] of settings.keepsTagsOfDeletedManifests ? [] : repository.tags) {
    if (digest === manifest.digest) repository.tags.delete(tag);
  }
  return { status: 204 };
};

const listTags = (exchange: DtrExchange, repository: DtrRepository): DtrAnswer => {
  const records = [...repository.tags.keys()].sort().flatMap((tag) => recordsOf(repository, tag));
  return paged(exchange, records, ({ name, digest }) => `${name} ${digest}`);
};

/** Filtered to what the caller may see, in an order of the registry's own. */
const listRepositories = (exchange: DtrExchange, account: DtrAccount | undefined): DtrAnswer => {
  if (exchange.method !== 'GET') exchange.violate(`${exchange.method} ${exchange.path}`);
  const visible = [...exchange.repositories]
    .filter(([name, { isPublic }]) => may(account, 'read', name, isPublic))
    .map(([full]) => ({ namespace: full.split('/')[0] ?? '', name: full.split('/')[1] ?? full }));
  const idOf = ({ namespace, name }: { namespace: string; name: string }) => `${name} of ${namespace}`;
  const answer = paged(
    exchange,
    visible.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)),
    idOf,
  );
  return { ...answer, body: { repositories: answer.body ?? null } };
};

/** `pageSize` is 10 unless asked, `pageStart` what the last answer named; the last page names none (FACTS §2.5). */
const paged = <T>(exchange: DtrExchange, records: readonly T[], idOf: (record: T) => string): DtrAnswer => {
  knownParameters(exchange, ['pageSize', 'pageStart']);
  const size = Number(exchange.query.get('pageSize') ?? 10);
  if (!Number.isInteger(size) || size < 1 || size > 100) exchange.violate(`a pageSize of ${size}`);
  const start = Buffer.from(exchange.query.get('pageStart') ?? '', 'base64url').toString('utf8');
  const from = records.filter((record) => idOf(record) >= start);
  const next = from[size];
  return {
    status: 200,
    headers: next === undefined ? {} : { 'x-next-page-start': Buffer.from(idOf(next)).toString('base64url') },
    body: from.slice(0, size),
  };
};

const knownParameters = ({ query, violate }: DtrExchange, known: readonly string[]): void => {
  for (const name of query.keys()) if (!known.includes(name)) violate(`an unknown parameter ${name}`);
};
