import { connect } from 'node:net';
import { parseRepositoryName, type RepositoryName } from '../../oci/names.js';
import { SextonError } from '../../errors/sexton-error.js';
import type { Upstream } from '../upstream/upstream.js';

/** What a registry would let a client push. */
export type Writability = 'down' | 'read_only' | 'writable' | 'unknown';

/** A name that need not exist: in read-only mode the registry refuses before it looks. */
const NEUTRAL = parseRepositoryName('sexton/probe');

/**
 * Whether the registry takes pushes, asked by beginning one: the setting alone proves nothing (TRAPS 28; FACTS §1.10).
 * What is not clearly down or read-only is `unknown`, and counts as able to write.
 */
export const writability = async (
  upstream: Upstream,
  signal: AbortSignal,
  repository: RepositoryName = NEUTRAL,
): Promise<Writability> => {
  const { url } = upstream.options;
  if (await isRefused(new URL(url))) return 'down';
  const scope = `repository:${repository}:pull,push`;
  try {
    const path = `/v2/${repository}/blobs/uploads/`;
    const answer = await upstream.ask({ method: 'POST', path, scope, mayRepeat: false }, signal);
    const type = answer.header('content-type') ?? '';
    // JSON would be a registry that does not know the method; read-only mode answers plain text (TRAPS 7).
    if (answer.status === 405) return type.startsWith('text/plain') ? 'read_only' : 'unknown';
    if (answer.status !== 202) return 'unknown';
    const location = new URL(answer.header('location') ?? '', `${url}/`);
    // The upload that was begun is given up again, but only at the registry itself.
    if (location.href.startsWith(`${url}/v2/`)) {
      const rest = location.href.slice(url.length);
      await upstream.ask({ method: 'DELETE', path: rest, scope, mayRepeat: false }, signal).catch(() => null);
    }
    return 'writable';
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SextonError) return 'unknown';
    throw error;
  }
};

/** Whether nobody listens there. Any other failure may be a registry behind a broken path. */
const isRefused = ({ hostname, port, protocol }: URL): Promise<boolean> =>
  new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) });
    const settle = (refused: boolean): void => {
      socket.destroy();
      resolve(refused);
    };
    socket.setTimeout(5_000, () => settle(false));
    socket.on('connect', () => settle(false));
    socket.on('error', (error) => settle('code' in error && error.code === 'ECONNREFUSED'));
  });
