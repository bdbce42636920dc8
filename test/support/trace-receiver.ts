import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { vi } from 'vitest';

const value = z.object({
  stringValue: z.string().optional(),
  intValue: z.number().optional(),
  boolValue: z.boolean().optional(),
});
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform(
    (list) => new Map(list.map(({ key, value: v }) => [key, v.stringValue ?? v.intValue ?? v.boolValue])),
  );

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
              status: z.object({ code: z.number().optional() }),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** `STATUS_CODE_ERROR` of opentelemetry-proto. */
const STATUS_ERROR = 2;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string | number | boolean | undefined>;
  readonly hasFailed: boolean;
  /** Of the process that sent it. */
  readonly pid: number;
}

export interface TraceReceiver {
  readonly endpoint: string;
  /** All that came, as text. */
  raw(): string;
  spans(): readonly ReceivedSpan[];
  /** The span's ancestors, nearest first, as far as they came. */
  above(span: ReceivedSpan): readonly ReceivedSpan[];
  /** The first span that `fits`, once it has come. */
  until(fits: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan>;
  stop(): Promise<void>;
}

/** A collector that takes OTLP over HTTP on loopback, and remembers. */
export const startTraceReceiver = async (): Promise<TraceReceiver> => {
  const bodies: string[] = [];
  const spans: ReceivedSpan[] = [];
  const above = (span: ReceivedSpan): readonly ReceivedSpan[] => {
    const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
    return parent ? [parent, ...above(parent)] : [];
  };
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(`${JSON.stringify(request.headers)} ${body}`);
      for (const { resource, scopeSpans } of exported.parse(JSON.parse(body)).resourceSpans) {
        const pid = Number(resource.attributes.get('process.pid'));
        spans.push(
          ...scopeSpans.flatMap((scope) =>
            scope.spans.map(({ status, ...span }) => ({
              ...span,
              pid,
              hasFailed: status.code === STATUS_ERROR,
            })),
          ),
        );
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
    above,
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
