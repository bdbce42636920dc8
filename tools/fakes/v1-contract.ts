/** What the registry stores. */
export interface V1Content {
  /** By `namespace/name`, then by tag. */
  readonly repositories: Map<string, V1Tags>;
  readonly images: Map<
    string,
    {
      readonly ancestry: readonly string[];
      /** Null: not in the storage any more. */
      readonly layer: Buffer | null;
      readonly isUploading: boolean;
    }
  >;
}

/** By tag. `hasJson`: its JSON file is there; old pushes left it out. */
export type V1Tags = Map<string, { readonly image: string; readonly hasJson: boolean }>;

export const noTags = (): V1Tags => new Map();

export interface V1Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
}

export interface V1Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Record<string, string>;
  /** Why a client that knows the registry would not have sent this. */
  readonly violation?: string;
}

interface Settings {
  readonly search?: boolean;
  readonly standalone?: boolean | 'mirror';
}

const REPOSITORY_PREFIX = '/v1/repositories/';
const VALID_TAG = /^\w[\w.-]{0,127}$/;
const VALID_IMAGE_ID = /^([a-f0-9]{16}|[a-f0-9]{64})$/;

/** Flask's own page for a route that it does not have. */
export const notFoundPage =
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n';

/** `json.dumps` of Python 2: a space after every comma and colon. */
const python = (value: unknown): string =>
  JSON.stringify(value, null, 1)
    .replace(/,\n\s*/g, ', ')
    .replace(/\n\s*/g, '');

const ok = (value: unknown, headers: Record<string, string> = {}): V1Answer => ({
  status: 200,
  body: python(value),
  headers,
});
const error = (text: string, status = 400, violation?: string): V1Answer => ({
  status,
  body: python({ error: text }),
  ...(violation !== undefined && { violation }),
});
const noRoute = (violation?: string): V1Answer => ({
  status: 404,
  body: notFoundPage,
  headers: { 'content-type': 'text/html' },
  ...(violation !== undefined && { violation }),
});

/** The registry's answer. Routes are tried longest first, as werkzeug does: a tag may be named `tags`. */
export const answerTo = (request: V1Request, content: V1Content, settings: Settings): V1Answer => {
  const [path = '', query = ''] = request.path.split('?');
  if (/\/\/|%|\/\.\.?(\/|$)/.test(path)) return noRoute('an empty, quoted or dotted path component');
  if (path === '/v1/_ping') {
    const standalone = settings.standalone === 'mirror' ? 'mirror' : 'True';
    return ok({}, { 'x-docker-registry-standalone': standalone });
  }
  if (path === '/v1/search' && request.method === 'GET') {
    return settings.search ? search(new URLSearchParams(query).get('q') ?? '', content) : noRoute();
  }
  const image = /^\/v1\/images\/([^/]+)\/(ancestry|json|layer)$/.exec(path);
  if (image && request.method === 'GET') return getImage(image[1] ?? '', image[2] ?? '', content);
  if (!path.startsWith(REPOSITORY_PREFIX)) return noRoute('no such route');
  const rest = path.slice(REPOSITORY_PREFIX.length);
  const tag = /^([^/].*?)\/tags\/([^/]+)$/.exec(rest);
  if (tag) return ofTag(request, nameOf(tag[1] ?? ''), tag[2] ?? '', content);
  const tags = /^([^/].*?)\/tags$/.exec(rest);
  if (tags && request.method === 'GET') return getTags(nameOf(tags[1] ?? ''), content);
  if (request.method === 'DELETE') return deleteRepository(rest, content);
  return noRoute('no such route');
};

/** `toolkit.parse_repository_name`. */
const nameOf = (path: string): string => {
  const [namespace = '', ...rest] = path.replace(/\/+$/, '').split('/');
  return rest.length === 0 ? `library/${namespace}` : `${namespace}/${rest.join('/')}`;
};

const getTags = (repository: string, content: V1Content): V1Answer => {
  const tags = content.repositories.get(repository);
  // The directory of a repository whose last tag went is empty, and then counts as not there.
  if (!tags || tags.size === 0) return error('Repository not found', 404);
  return ok(Object.fromEntries([...tags].sort().map(([tag, { image }]) => [tag, image])));
};

const ofTag = ({ method, body }: V1Request, repository: string, tag: string, content: V1Content) => {
  switch (method) {
    case 'GET': {
      const image = content.repositories.get(repository)?.get(tag)?.image;
      return image === undefined ? error('Tag not found', 404) : ok(image);
    }
    case 'PUT':
      return putTag(repository, tag, body, content);
    case 'DELETE':
      return deleteTag(repository, tag, content);
    default:
      return noRoute('no such method');
  }
};

const putTag = (repository: string, tag: string, body: string, content: V1Content): V1Answer => {
  if (!VALID_TAG.test(tag)) return error('Invalid tag name', 400, 'a tag outside its grammar');
  const image = parse(body);
  if (typeof image !== 'string' || image === '') {
    return error('Invalid data', 400, 'the body is not an image id as a JSON string');
  }
  if (!content.images.has(image)) return error('Image not found', 404);
  const tags: V1Tags = content.repositories.get(repository) ?? noTags();
  content.repositories.set(repository, tags.set(tag, { image, hasJson: true }));
  return ok(true);
};

/** Not atomic: the tag's file goes first, and a missing JSON file then answers 404 (tags.delete_tag). */
const deleteTag = (repository: string, tag: string, content: V1Content): V1Answer => {
  const tags = content.repositories.get(repository);
  const stored = tags?.get(tag);
  tags?.delete(tag);
  return stored?.hasJson ? ok(true) : error(`Tag not found: ${tag}`, 404);
};

const deleteRepository = (path: string, content: V1Content): V1Answer => {
  const violation = 'a deletion of a whole repository';
  const match = /^([^/].*?)\/(tags)?$/.exec(path);
  if (!match) return noRoute(violation);
  return content.repositories.delete(nameOf(match[1] ?? ''))
    ? { ...ok(true), violation }
    : error('Repository not found', 404, violation);
};

const getImage = (id: string, part: string, content: V1Content): V1Answer => {
  if (!VALID_IMAGE_ID.test(id)) return error('Invalid image ID', 404, 'an image id outside its grammar');
  const image = content.images.get(id);
  if (image?.isUploading) return error('Image is being uploaded, retry later');
  if (!image) return error('Image not found', 404);
  const { ancestry, layer } = image;
  if (part === 'ancestry') return ok(ancestry);
  if (part === 'json') {
    const headers = layer ? { 'x-docker-size': String(layer.byteLength) } : {};
    return { status: 200, body: JSON.stringify({ id, parent: ancestry[1] }), headers };
  }
  if (!layer) return error('Image not found', 404);
  return { status: 200, body: layer, headers: { 'content-type': 'application/octet-stream' } };
};

/** Names as a push records them: quoted from the second slash on (toolkit.parse_repository_name). */
const search = (term: string, content: V1Content): V1Answer => {
  const results = [...content.repositories.keys()]
    .map((name) => name.replace(/\//g, (slash, at: number) => (at === name.indexOf('/') ? slash : '%2F')))
    .filter((name) => name.includes(term))
    .map((name) => ({ description: '', name }));
  return ok({ num_results: results.length, query: term, results });
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
