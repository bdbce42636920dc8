import { mayIn, type HarborAnswer, type HarborExchange } from './harbor-exchange.js';
import { HarborRefusal, projectOf, type HarborArtifact } from './harbor-store.js';

const ARTIFACTS =
  /^\/api\/v2\.0\/projects\/([^/]+)\/repositories\/([^/]+)\/artifacts(?:\/([^/]+)(?:\/tags\/([^/]+))?)?$/;
const PAGING = ['q', 'sort', 'page', 'page_size'];
const WITH = ['with_tag', 'with_label', 'with_immutable_status', 'with_accessory'];

/** Harbor's API v2.0, as far as a client that deletes needs it (api/v2.0/swagger.yaml, FACTS §3). */
export const answerApi = (exchange: HarborExchange): HarborAnswer => {
  const { method, path, body, violate } = exchange;
  if (body.byteLength > 0) violate(`${method} ${path} has a body`);
  if (path === '/api/v2.0/systeminfo' && method === 'GET') return systemInfo(exchange);
  if (path === '/api/v2.0/repositories' && method === 'GET') return repositories(exchange);
  const [, project, encoded, reference, tag] = ARTIFACTS.exec(path) ?? [];
  if (project === undefined || encoded === undefined) return unknownRoute(exchange);
  const once = decodeURIComponent(encoded);
  if (once.includes('/')) {
    violate(`${path}: the repository's slash is encoded once`);
    return unknownRoute(exchange);
  }
  const repository = `${project}/${decodeURIComponent(once)}`;
  if (method === 'GET' && tag === undefined) {
    mustBeAllowed(exchange, project, 'pull');
    return reference === undefined
      ? artifacts(exchange, repository)
      : artifact(exchange, repository, decodeURIComponent(reference));
  }
  if (method !== 'DELETE' || reference === undefined) return unknownRoute(exchange);
  mustBeAllowed(exchange, project, 'delete');
  onlyQueries(exchange, []);
  if (!reference.includes(':')) violate(`${method} ${path}: by a tag, which takes its siblings along`);
  if (tag === undefined)
    exchange.store.deleteArtifact(repository, exchange.store.find(repository, reference).digest);
  else exchange.store.deleteTag(repository, reference, tag);
  return { status: 200 };
};

const unknownRoute = ({ method, path, violate }: HarborExchange): HarborAnswer => {
  violate(`${method} ${path} is no route of the API`);
  throw new HarborRefusal(404, 'NOT_FOUND', `path ${path} was not found`);
};

/** 401 without a challenge, 403 also for a project that does not exist (src/server/v2.0/handler/base.go). */
const mustBeAllowed = (exchange: HarborExchange, project: string, right: 'pull' | 'delete'): void => {
  if (mayIn(exchange, project, right)) return;
  if (exchange.account === null) throw new HarborRefusal(401, 'UNAUTHORIZED', 'unauthorized');
  throw new HarborRefusal(403, 'FORBIDDEN', 'forbidden');
};

/** What go-swagger validates before any handler runs. */
const onlyQueries = ({ method, path, query, violate }: HarborExchange, allowed: readonly string[]): void => {
  for (const name of query.keys()) {
    if (!allowed.includes(name)) violate(`${method} ${path}: no query ${name}`);
  }
  const size = query.get('page_size') ?? '10';
  if (
    !/^\d+$/.test(size) ||
    Number(size) < 1 ||
    Number(size) > 100 ||
    !/^\d+$/.test(query.get('page') ?? '1')
  ) {
    violate(`${method} ${path}: page ${query.get('page')} of ${size}`);
    throw new HarborRefusal(
      422,
      'UNPROCESSABLE_ENTITY',
      'page_size in query should be less than or equal to 100',
    );
  }
};

const paged = ({ path, query }: HarborExchange, all: readonly object[]): HarborAnswer => {
  const size = Number(query.get('page_size') ?? '10');
  const page = Number(query.get('page') ?? '1');
  const hasNext = page * size < all.length;
  return {
    status: 200,
    headers: {
      'x-total-count': String(all.length),
      ...(hasNext && { link: `<${path}?page=${page + 1}&page_size=${size}>; rel="next"` }),
    },
    body: all.slice((page - 1) * size, page * size),
  };
};

/** The version and the read-only switch are told to accounts that Harbor knows (src/controller/systeminfo). */
const systemInfo = (exchange: HarborExchange): HarborAnswer => {
  onlyQueries(exchange, []);
  const body = {
    auth_mode: 'db_auth',
    ...(exchange.account && { harbor_version: exchange.version, read_only: exchange.isReadOnly }),
  };
  return { status: 200, body };
};

const repositories = (exchange: HarborExchange): HarborAnswer => {
  onlyQueries(exchange, PAGING);
  // As a database collates that looks at letters first: not the order of code units.
  const letters = (name: string) => name.replaceAll(/[^a-z0-9]/g, '');
  const names = [...exchange.store.repositories.keys()]
    .filter((name) => mayIn(exchange, projectOf(name), 'pull'))
    .sort((a, b) => letters(a).localeCompare(letters(b)));
  return paged(
    exchange,
    names.map((name, index) => ({ id: index + 1, name })),
  );
};

const artifacts = (exchange: HarborExchange, repository: string): HarborAnswer => {
  onlyQueries(exchange, [...PAGING, ...WITH]);
  const q = exchange.query.get('q');
  if (q !== null && q !== 'tags=nil' && q !== 'tags=*') exchange.violate(`q=${q} is not known here`);
  const listed = exchange.store
    .listed(repository)
    .filter(({ tags }) => q === null || (q === 'tags=nil' ? tags.size === 0 : tags.size > 0));
  return paged(
    exchange,
    listed.map((one) => view(exchange, repository, one)),
  );
};

const artifact = (exchange: HarborExchange, repository: string, reference: string): HarborAnswer => {
  onlyQueries(exchange, WITH);
  return { status: 200, body: view(exchange, repository, exchange.store.find(repository, reference)) };
};

const view = ({ query, store }: HarborExchange, repository: string, one: HarborArtifact): object => ({
  type: 'IMAGE',
  repository_name: repository,
  digest: one.digest,
  manifest_media_type: one.mediaType,
  size: one.bytes.byteLength,
  push_time: one.pushTime,
  pull_time: '0001-01-01T00:00:00.000Z',
  references: one.children.map((child) => ({ child_digest: child })),
  tags:
    query.get('with_tag') === 'false'
      ? null
      : [...one.tags].map((name) => ({
          name,
          push_time: one.pushTime,
          immutable: store.isImmutable(repository, name),
        })),
});
