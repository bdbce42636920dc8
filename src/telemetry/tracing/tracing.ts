/** Nest token of the one `Tracing`. */
export const TRACING = Symbol('TRACING');

/** Ids, names, counts and states; never a secret, a query string or a body. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly attributes?: SpanAttributes;
  /**
   * W3C `traceparent` of what this belongs to, as it stands in PostgreSQL or came with a request; without one it belongs
   * to the span at work.
   */
  readonly parent?: string | null;
  readonly kind?: 'server' | 'client' | 'consumer';
}

/** A span at work. */
export interface Span {
  rename(name: string): void;
  set(attributes: SpanAttributes): void;
  /** It did not do what it was for; `code` is one of ours, or an HTTP status. */
  fail(code: string): void;
}

/**
 * Where time went, from the HTTP call to the registry. The queue carries nothing of it: a deletion's row holds the
 * `traceparent` of its request, so that whoever works on it, also after a crash, adds to the same trace.
 */
export interface Tracing {
  /** Runs `work` as a span; one that `work` opens is its child. What `work` throws marks the span as failed. */
  inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** A span that is over just now and took `ms` milliseconds; failed where `code` is not null. */
  took(name: string, ms: number, options: SpanOptions & { readonly code?: string | null }): void;
  /** `traceparent` of the span at work; null outside of one. */
  traceparent(): string | null;
  /** What log lines say of the span at work. */
  logFields(): { readonly trace?: string };
  /** Sends what is left. */
  close(): Promise<void>;
}

const NO_SPAN: Span = { rename: () => undefined, set: () => undefined, fail: () => undefined };

/** Nobody wants traces: nothing is measured, kept or loaded. */
export const NO_TRACING: Tracing = {
  inSpan: (_name, _options, work) => work(NO_SPAN),
  took: () => undefined,
  traceparent: () => null,
  logFields: () => ({}),
  close: async () => undefined,
};
