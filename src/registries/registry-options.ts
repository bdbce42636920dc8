import type { RegistryName } from '../oci/names.js';

/** How one upstream registry is reached; made from sexton.yaml, checked there, trusted here. */
export interface RegistryOptions {
  readonly name: RegistryName;
  readonly type: 'distribution' | 'dtr' | 'harbor' | 'v1' | 'storage';
  /**
   * Scheme, host, optional port and path prefix, without a trailing slash. Empty of a `storage` registry that nobody is to
   * ask.
   */
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** PEM of the authorities to trust instead of the system's. */
  readonly tlsCa: string | null;
  /** Origins (scheme, host, port) of token servers that may receive the credentials, beside the registry's own. */
  readonly tokenRealms: readonly string[];
  /** How many repositories Sexton may work on at once; each takes at most a few connections. */
  readonly maxConcurrentRepositories: number;
  readonly connectTimeoutMs: number;
  /** From sending a request to the last byte of its answer. */
  readonly requestTimeoutMs: number;
  /** Tries inside one call, for what repeating can mend. 1 means no retry. */
  readonly attempts: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Of a `dtr` registry: whether each repository is `namespace/name`, or may be a name alone. */
  readonly namespaces: 'required' | 'optional';
  /**
   * Of a `storage` registry: the directory that holds docker/registry/v2, and whether it may change while the registry
   * takes pushes.
   */
  readonly storage: { readonly directory: string; readonly online: boolean } | null;
}
