import { setTimeout as delay } from 'node:timers/promises';
import { SextonError } from '../../../errors/sexton-error.js';
import type { RegistryOptions } from '../../../registries/registry-options.js';
import type { ExchangeObserver } from '../../../registries/upstream/observed-exchange.js';
import { Upstream } from '../../../registries/upstream/upstream.js';
import { writability } from '../../../registries/v2/writability.js';

/**
 * Waits until the registry is proved to take no pushes, at most `timeoutMs`; `not_read_only` otherwise. The setting
 * alone proves nothing (TRAPS 28; FACTS §1.10): an upload is begun, and has to be refused as read-only mode refuses it,
 * or nobody may listen at its address any more.
 */
export const proveReadOnly = async (
  options: RegistryOptions,
  observe: ExchangeObserver,
  limits: { readonly timeoutMs: number; readonly pollEveryMs: number; readonly signal: AbortSignal },
): Promise<void> => {
  const upstream = new Upstream({ ...options, attempts: 1 }, observe);
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
