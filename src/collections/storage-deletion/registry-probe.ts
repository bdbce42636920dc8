import type { RepositoryName } from '../../oci/names.js';

const PROBE_TIMEOUT_MS = 10_000;

/** What a running registry would let a client do. */
export type Writability = 'down' | 'read_only' | 'writable' | 'unknown';

/**
 * Whether the registry at `url` takes pushes, asked by starting an upload: the setting alone proves nothing (TRAPS 28;
 * FACTS §1.10). What is not clearly down or read-only counts as able to write.
 */
export const probeWritability = async (url: string, repository: RepositoryName): Promise<Writability> => {
  const base = url.replace(/\/+$/, '');
  const ask = (method: string, at: string): Promise<Response> =>
    fetch(at, { method, redirect: 'manual', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  let answer: Response;
  try {
    answer = await ask('POST', `${base}/v2/${repository}/blobs/uploads/`);
  } catch (error) {
    return isRefused(error) ? 'down' : 'unknown';
  }
  // Read-only mode answers plain text; any other 405 is of a proxy, or of a server that does not know the method (TRAPS 7).
  if (answer.status === 405)
    return answer.headers.get('content-type')?.startsWith('text/plain') ? 'read_only' : 'unknown';
  if (answer.status !== 202) return 'unknown';
  const location = answer.headers.get('location');
  const upload = location === null ? null : new URL(location, `${base}/`);
  // The upload that the probe began is given up again, but only at the registry itself.
  if (upload?.origin === new URL(base).origin) await ask('DELETE', upload.href).catch(() => undefined);
  return 'writable';
};

/** Nobody listens there; any other failure may be a registry behind a broken path. */
const isRefused = (error: unknown): boolean => {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
};
