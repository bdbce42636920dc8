import { sha256 } from '../blobs.js';
import { accountOf, may, refusal, type DtrAnswer, type DtrExchange } from './dtr-exchange.js';
import { manifestAt, missingParts, putManifest, type DtrRepository } from './dtr-store.js';

const ROUTE = /^\/v2\/([a-z0-9._/-]+)\/(manifests|blobs|referrers)\/(.+)$/;
const SERVICE = 'a test registry';

/** The token server of the distribution API: grants of what is asked for what the account may (FACTS §1.9). */
export const answerToken = (exchange: DtrExchange): DtrAnswer => {
  const { query, repositories } = exchange;
  const account = accountOf(exchange);
  if (account === null) return refusal(401, 'UNAUTHORIZED', 'wrong user name or password');
  if (query.get('service') !== SERVICE) exchange.violate(`a token for ${query.get('service') ?? 'nothing'}`);
  const [kind, name = '', actions = ''] = (query.get('scope') ?? '').split(':');
  const isPublic = repositories.get(name)?.isPublic ?? false;
  const granted = actions.split(',').filter((action) => {
    const right = action === 'pull' ? 'read' : 'write';
    return kind === 'repository' && may(account ?? undefined, right, name, isPublic);
  });
  return { status: 200, body: { token: tokenOf(name, granted), expires_in: 300 } };
};

/** Says what it is good for; no secret is in it. */
export const tokenOf = (name: string, actions: readonly string[]): string =>
  `test.${Buffer.from(JSON.stringify({ name, actions })).toString('base64url')}`;

/** The distribution API beside DTR's own. */
export const answerV2 = (exchange: DtrExchange): DtrAnswer => {
  const { method, path, headers, repositories, violate } = exchange;
  const [, name = '', kind = '', reference = ''] = ROUTE.exec(path) ?? [];
  const action = method === 'GET' || method === 'HEAD' ? 'pull' : method === 'DELETE' ? 'delete' : 'push';
  if (!grantedIn(headers.authorization, name).includes(action)) return unauthorized(exchange, name, action);
  const repository = repositories.get(name);
  // Unlike other registries, nothing is created by a push.
  if (!repository) return refusal(404, 'NAME_UNKNOWN', 'repository name not known to registry');
  switch (`${method} ${kind}`) {
    case 'GET manifests':
    case 'HEAD manifests':
      return readManifest(exchange, repository, reference);
    case 'PUT manifests':
      return takeManifest(exchange, repository, reference);
    case 'GET blobs':
      return readBlob(repository, reference);
    case 'POST blobs':
      return { status: 202, headers: { location: `/v2/${name}/blobs/uploads/session?_state=x` } };
    case 'PUT blobs':
      return takeBlob(exchange, repository);
    case 'GET referrers':
      return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' };
    default:
      violate(`${method} ${path} is not for this client`);
      return refusal(405, 'UNSUPPORTED', 'The operation is unsupported.');
  }
};

const grantedIn = (authorization: string, name: string): string[] => {
  const payload = /^Bearer test\.(.+)$/.exec(authorization)?.[1];
  if (payload === undefined) return [];
  const token = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as {
    name: string;
    actions: string[];
  };
  return token.name === name ? token.actions : [];
};

const unauthorized = ({ headers }: DtrExchange, name: string, action: string): DtrAnswer => ({
  ...refusal(401, 'UNAUTHORIZED', 'authentication required'),
  headers: {
    'www-authenticate': `Bearer realm="http://${headers.host}/auth/token",service="${SERVICE}",scope="repository:${name}:${action}"`,
  },
});

const readManifest = (exchange: DtrExchange, repository: DtrRepository, reference: string): DtrAnswer => {
  const manifest = manifestAt(repository, reference);
  if (!manifest) return refusal(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
  if (!exchange.headers.accept.includes(manifest.mediaType)) {
    exchange.violate(`a read of a ${manifest.mediaType} without accepting it`);
    return refusal(404, 'MANIFEST_UNKNOWN', 'manifest found, but accept header does not support it');
  }
  return {
    status: 200,
    headers: { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest },
    body: manifest.bytes,
  };
};

const takeManifest = (exchange: DtrExchange, repository: DtrRepository, reference: string): DtrAnswer => {
  const { body, headers, violate } = exchange;
  if (reference.includes(':') && sha256(body) !== reference) {
    violate(`bytes that do not hash to ${reference}`);
    return refusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  const missing = missingParts(repository, headers.contentType, body);
  if (missing.length > 0) return refusal(400, 'MANIFEST_BLOB_UNKNOWN', `unknown: ${missing.join(', ')}`);
  const digest = putManifest(repository, reference, headers.contentType, body);
  return { status: 201, headers: { 'docker-content-digest': digest } };
};

const readBlob = (repository: DtrRepository, digest: string): DtrAnswer => {
  const bytes = repository.blobs.get(digest);
  return bytes
    ? { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: bytes }
    : refusal(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
};

const takeBlob = ({ query, body, violate }: DtrExchange, repository: DtrRepository): DtrAnswer => {
  const digest = query.get('digest') ?? '';
  if (sha256(body) !== digest) {
    violate(`a blob that does not hash to ${digest}`);
    return refusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  repository.blobs.set(digest, body);
  return { status: 201 };
};
