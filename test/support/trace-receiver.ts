import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { vi } from 'vitest';

const value = z.object({ stringValue: z.string().optional(), intValue: z.number().optional() });
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform((list) => new Map(list.map(({ key, value: v }) => [key, v.stringValue ?? v.intValue])));

/** ExportTraceServiceRequest as JSON: opentelemetry-proto, collector/trace/v1. */
const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              attributes,
            }),
          ),
        }),
      ),
    }),
  ),
});

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string | number | undefined>;
  /** Of the process that sent it. */
  readonly pid: number;
}

export interface TraceReceiver {
  readonly endpoint: string;
  /** All that came, as text. */
  raw(): string;
  spans(): readonly ReceivedSpan[];
  /** The first span that `fits`, once it has come. */
  until(fits: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan>;
  stop(): Promise<void>;
}

/** A collector that takes OTLP over HTTP on loopback, and remembers. */
export const startTraceReceiver = async (): Promise<TraceReceiver> => {
  const bodies: string[] = [];
  const spans: ReceivedSpan[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(`${JSON.stringify(request.headers)} ${body}`);
      for (const { resource, scopeSpans } of exported.parse(JSON.parse(body)).resourceSpans) {
        const pid = Number(resource.attributes.get('process.pid'));
        spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, pid }))));
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = z.object({ port: z.number() }).parse(server.address());
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    raw: () => bodies.join('\n'),
    spans: () => spans,
    until: (fits) =>
      vi.waitFor(
        () => {
          const found = spans.find(fits);
          if (!found) throw new Error(`not among ${spans.map(({ name }) => name).join(', ')}`);
          return found;
        },
        { timeout: 30_000, interval: 50 },
      ),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
