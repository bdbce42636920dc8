import type { RegistryName } from '../oci/names.js';
import type { ExchangeObserver } from '../registries/upstream/observed-exchange.js';
import type { Metrics } from './metrics.js';
import type { Tracing } from './tracing/tracing.js';

/** Shows every exchange with `registry` as metrics, and as a span below the work that it was for. */
export const observeUpstream =
  (metrics: Metrics, tracing: Tracing) =>
  (registry: RegistryName): ExchangeObserver =>
  ({ method, path, status, code, ms }) => {
    metrics.upstreamAnswered(registry, method, status ?? 'error', ms / 1000);
    if (code !== null) metrics.upstreamFailed(registry, code);
    const attributes = {
      'http.request.method': method,
      'url.path': path,
      'sexton.registry': registry,
      ...(status !== null && { 'http.response.status_code': status }),
    };
    tracing.took(`registry ${method}`, ms, { attributes, code, kind: 'client' });
  };
