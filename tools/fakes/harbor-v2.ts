import { sha256 } from '../blobs.js';
import { mayIn, type HarborAnswer, type HarborExchange } from './harbor-exchange.js';
import { HarborRefusal, projectOf, type HarborArtifact } from './harbor-store.js';

const ROUTE = /^\/v2\/(.+)\/(tags|manifests|blobs|referrers)\/(.*)$/;

/** The OCI distribution API as Harbor serves it (src/server/registry, src/server/middleware/v2auth). */
export const answerV2 = (exchange: HarborExchange): HarborAnswer => {
  const { method, path, store, violate } = exchange;
  if (path === '/v2/') return exchange.account ? { status: 200, body: {} } : unauthorized(exchange);
  const [, repository, kind, rest] = ROUTE.exec(path) ?? [];
  if (repository === undefined || kind === undefined || rest === undefined) {
    violate(`${method} ${path} is no route of /v2`);
    throw new HarborRefusal(404, 'NOT_FOUND', 'page not found');
  }
  // One answer to a missing right and to a missing project: 401.
  const project = projectOf(repository);
  const isAllowed = mayIn(exchange, project, rightFor(method)) && store.projects.has(project);
  if (!isAllowed || (method === 'HEAD' && !exchange.hasAuthorization)) return unauthorized(exchange);
  switch (`${method} ${kind}`) {
    case 'GET tags':
      return tags(exchange, repository);
    case 'GET manifests':
    case 'HEAD manifests':
      return manifest(exchange, repository, rest);
    case 'PUT manifests':
      return putManifest(exchange, repository, rest);
    case 'GET referrers':
      return referrers(exchange, repository, rest);
    case 'GET blobs':
      return blob(exchange, repository, rest);
    case 'POST blobs':
      return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/session?_state=x` } };
    case 'PUT blobs':
      return putBlob(exchange, repository);
    default:
      // DELETE by tag is 400 UNSUPPORTED always; by digest it is the API's business here.
      violate(`${method} ${path} is not for this client`);
      throw new HarborRefusal(400, 'UNSUPPORTED', `unsupported ${rest}`);
  }
};

const rightFor = (method: string): 'pull' | 'push' | 'delete' =>
  method === 'GET' || method === 'HEAD' ? 'pull' : method === 'DELETE' ? 'delete' : 'push';

/** Whoever sends no credentials is sent to the token service; whoever does is asked for better ones. */
const unauthorized = ({ hasAuthorization }: HarborExchange): HarborAnswer => ({
  status: 401,
  headers: {
    'www-authenticate': hasAuthorization
      ? 'Basic realm="harbor"'
      : 'Bearer realm="https://harbor.example.test/service/token",service="harbor-registry"',
  },
  body: { errors: [{ code: 'UNAUTHORIZED', message: 'unauthorized to access repository' }] },
});

const tags = ({ query, path, store }: HarborExchange, repository: string): HarborAnswer => {
  const all = store.tags(repository).filter((tag) => tag > (query.get('last') ?? ''));
  const n = Number(query.get('n') ?? all.length);
  const page = all.slice(0, n);
  const next = `<${path}?last=${page.at(-1)}&n=${n}>; rel="next"`;
  return {
    status: 200,
    headers: page.length < all.length ? { link: next } : {},
    body: { name: repository, tags: page },
  };
};

/** The registry behind Harbor answers by Accept; Harbor has put the digest in place of a tag. */
const manifest = (exchange: HarborExchange, repository: string, reference: string): HarborAnswer => {
  const found = exchange.store.find(repository, reference);
  if (exchange.store.projects.get(projectOf(repository))?.blocksPulls) {
    const message = 'current image without vulnerability scanning cannot be pulled due to configured policy';
    throw new HarborRefusal(412, 'PROJECTPOLICYVIOLATION', message);
  }
  if (!exchange.accept.includes(found.mediaType)) {
    exchange.violate(`GET of a ${found.mediaType} without accepting it`);
    throw new HarborRefusal(404, 'MANIFEST_UNKNOWN', 'manifest found, but accept header does not support it');
  }
  return { status: 200, headers: manifestHeaders(found), body: found.bytes };
};

const manifestHeaders = (artifact: HarborArtifact): Record<string, string> => ({
  'content-type': artifact.mediaType,
  'docker-content-digest': artifact.digest,
  etag: `"${artifact.digest}"`,
});

const putManifest = (exchange: HarborExchange, repository: string, reference: string): HarborAnswer => {
  const { store, contentType, body } = exchange;
  const isDigest = reference.includes(':');
  if (isDigest && sha256(body) !== reference) {
    exchange.violate(`PUT of bytes that do not hash to ${reference}`);
    throw new HarborRefusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  const put = store.put(repository, contentType, body, isDigest ? null : reference);
  return { status: 201, headers: { 'docker-content-digest': put.digest } };
};

const referrers = ({ store }: HarborExchange, repository: string, digest: string): HarborAnswer => {
  const manifests = store.accessoriesOf(repository, digest).map((one) => ({
    mediaType: one.mediaType,
    digest: one.digest,
    size: one.bytes.byteLength,
  }));
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  return { status: 200, headers: { 'content-type': mediaType }, body };
};

const blob = ({ store }: HarborExchange, repository: string, digest: string): HarborAnswer => {
  const bytes = store.repositories.get(repository)?.blobs.get(digest);
  if (!bytes) throw new HarborRefusal(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  return { status: 200, headers: { 'docker-content-digest': digest }, body: bytes };
};

const putBlob = ({ store, query, body, violate }: HarborExchange, repository: string): HarborAnswer => {
  const digest = query.get('digest') ?? '';
  if (sha256(body) !== digest) {
    violate(`PUT of a blob that does not hash to ${digest}`);
    throw new HarborRefusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  store.ensureRepository(repository).blobs.set(digest, body);
  return { status: 201, headers: { location: `/v2/${repository}/blobs/${digest}` } };
};
