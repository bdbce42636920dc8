import { AsyncLocalStorage } from 'node:async_hooks';
import {
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span as OtelSpan,
} from '@opentelemetry/api';
import { parseTraceParent, setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  detectResources,
  envDetector,
  defaultResource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Span, SpanOptions, Tracing } from './tracing.js';

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, consumer: SpanKind.CONSUMER } as const;

/** A collector that is away is complained of at most this often, in milliseconds. */
const COMPLAIN_EVERY_MS = 60_000;

/** Sends spans to the endpoint that the standard variables name. OTLP over HTTP, as JSON. */
export const openOtlpTracing = (onError: (error: unknown) => void): Tracing => {
  let complainedMs = -Infinity;
  setGlobalErrorHandler((error) => {
    if (performance.now() - complainedMs < COMPLAIN_EVERY_MS) return;
    complainedMs = performance.now();
    onError(error);
  });
  const named = resourceFromAttributes({ 'service.name': 'sexton', 'process.pid': process.pid });
  const provider = new BasicTracerProvider({
    // What the operator says (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) goes before what we say.
    resource: defaultResource()
      .merge(named)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  return new OtlpTracing(provider);
};

class OtlpTracing implements Tracing {
  // Our own, in place of the API's global one: nothing else in the process is to find it.
  private readonly atWork = new AsyncLocalStorage<Context>();
  private readonly tracer;

  constructor(private readonly provider: BasicTracerProvider) {
    this.tracer = provider.getTracer('sexton');
  }

  async inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    const above = this.above(options);
    const span = this.open(name, options, above);
    try {
      return await this.atWork.run(trace.setSpan(above, span), () => work(shown(span)));
    } catch (error) {
      // Its code alone: a message may quote what a registry or a client sent.
      fail(span, codeOf(error));
      throw error;
    } finally {
      span.end();
    }
  }

  took(name: string, ms: number, options: SpanOptions & { readonly code?: string | null }): void {
    const endMs = Date.now();
    const span = this.open(name, options, this.above(options), endMs - ms);
    if (options.code) fail(span, options.code);
    span.end(endMs);
  }

  traceparent(): string | null {
    const context = trace.getSpanContext(this.atWork.getStore() ?? ROOT_CONTEXT);
    if (!context || !isSpanContextValid(context)) return null;
    return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
  }

  logFields(): { readonly trace?: string } {
    const context = trace.getSpanContext(this.atWork.getStore() ?? ROOT_CONTEXT);
    return context ? { trace: context.traceId } : {};
  }

  close(): Promise<void> {
    return this.provider.shutdown();
  }

  private open(
    name: string,
    { attributes, kind }: SpanOptions,
    above: Context,
    startTime?: number,
  ): OtelSpan {
    return this.tracer.startSpan(
      name,
      {
        kind: kind === undefined ? SpanKind.INTERNAL : KINDS[kind],
        ...(attributes && { attributes }),
        ...(startTime !== undefined && { startTime }),
      },
      above,
    );
  }

  private above({ parent }: SpanOptions): Context {
    if (parent === undefined) return this.atWork.getStore() ?? ROOT_CONTEXT;
    const remote = parent === null ? null : parseTraceParent(parent);
    return remote ? trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }) : ROOT_CONTEXT;
  }
}

const shown = (span: OtelSpan): Span => ({
  rename: (name) => void span.updateName(name),
  set: (attributes) => void span.setAttributes(attributes),
  fail: (code) => fail(span, code),
});

const fail = (span: OtelSpan, code: string): void => {
  span.setAttribute('error.type', code);
  span.setStatus({ code: SpanStatusCode.ERROR });
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed';
