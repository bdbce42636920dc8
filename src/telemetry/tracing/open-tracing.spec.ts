import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { openTracing } from './open-tracing.js';
import { NO_TRACING } from './tracing.js';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
const nobody = (): void => undefined;

const loaded = (): string[] =>
  Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('@opentelemetry'));

describe('traces', () => {
  it.each([
    ['no endpoint is set', {}],
    ['the endpoint is empty', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    ['the SDK is disabled', { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }],
    ['traces are exported nowhere', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }],
  ])('cost nothing where %s: nothing is loaded', async (_, env) => {
    expect(await openTracing(env, nobody)).toBe(NO_TRACING);
    expect(loaded()).toEqual([]);
  });

  it('are kept per call, below what the caller named, and end with their work', async () => {
    const tracing = await openTracing(ENDPOINT, nobody);
    expect(loaded()).not.toEqual([]);
    expect(tracing.traceparent()).toBeNull();
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const parent = `00-${trace}-00f067aa0ba902b7-01`;
    const seen = await Promise.all([
      tracing.inSpan('one', { parent }, async () => tracing.traceparent()),
      tracing.inSpan('other', { parent: 'nonsense' }, async () => tracing.traceparent()),
    ]);
    expect(seen[0]).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
    expect(seen[0]).not.toBe(parent);
    expect(seen[1]).not.toContain(trace);
    expect(tracing.logFields()).toEqual({});
  });
});
