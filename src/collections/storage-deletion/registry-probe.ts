import { parseRegistryName, type RepositoryName } from '../../oci/names.js';
import type { RegistryOptions } from '../../registries/registry-options.js';
import { Upstream } from '../../registries/upstream/upstream.js';
import { writability, type Writability } from '../../registries/v2/writability.js';

const TIMEOUT_MS = 10_000;

/** A registry of which no more is known than where it answers: it is asked once, without an account. */
const STRANGER: Omit<RegistryOptions, 'url'> = {
  name: parseRegistryName('registry'),
  type: 'distribution',
  credentials: null,
  tlsCa: null,
  tokenRealms: [],
  maxConcurrentRepositories: 1,
  connectTimeoutMs: TIMEOUT_MS,
  requestTimeoutMs: TIMEOUT_MS,
  attempts: 1,
  retryBaseMs: 0,
  retryMaxMs: 0,
  namespaces: 'optional',
  storage: null,
};

/**
 * `writability` of the registry at `url`, for whoever has its files and no configuration. What is no web address, such
 * as `localhost:5000`, is `unknown`: nobody listens at the host that it does not name.
 */
export const probeWritability = async (url: string, repository: RepositoryName): Promise<Writability> => {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return 'unknown';
  const upstream = new Upstream({ ...STRANGER, url: url.replace(/\/+$/, '') });
  try {
    return await writability(upstream, new AbortController().signal, repository);
  } finally {
    await upstream.close();
  }
};
