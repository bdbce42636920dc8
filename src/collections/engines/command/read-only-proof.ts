import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SextonError } from '../../../errors/sexton-error.js';
import type { RegistryOptions } from '../../../registries/registry-options.js';
import { Upstream } from '../../../registries/upstream/upstream.js';

/** What a registry would let a client push. */
type Writability = 'down' | 'read_only' | 'writable' | 'unknown';

/** A name that need not exist: in read-only mode the registry refuses before it looks. */
const PROBE = 'sexton/probe';

/**
 * Waits until the registry is proved to take no pushes, at most `timeoutMs`; `not_read_only` otherwise. The setting
 * alone proves nothing (TRAPS 28; FACTS §1.10): an upload is begun, and has to be refused as read-only mode refuses it,
 * or nobody may listen at its address any more.
 */
export const proveReadOnly = async (
  options: RegistryOptions,
  limits: { readonly timeoutMs: number; readonly pollEveryMs: number; readonly signal: AbortSignal },
): Promise<void> => {
  const upstream = new Upstream({ ...options, attempts: 1 });
  const deadline = performance.now() + limits.timeoutMs;
  try {
    for (;;) {
      const found = await writability(upstream, limits.signal);
      if (found === 'down' || found === 'read_only') return;
      if (performance.now() >= deadline) {
        const what = found === 'writable' ? 'takes a push' : 'does not say whether it takes a push';
        throw new SextonError('not_read_only', {
          detail: `Registry ${options.name} ${what} after the before commands`,
        });
      }
      await delay(limits.pollEveryMs, undefined, { signal: limits.signal });
    }
  } finally {
    await upstream.close();
  }
};

const writability = async (upstream: Upstream, signal: AbortSignal): Promise<Writability> => {
  const { url } = upstream.options;
  if (await isRefused(new URL(url))) return 'down';
  const scope = `repository:${PROBE}:pull,push`;
  try {
    const path = `/v2/${PROBE}/blobs/uploads/`;
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
