import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { expect } from 'vitest';

/** One request that a receiver got. */
export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How it answers: with this, or by itself. */
type Answer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | ((response: ServerResponse) => void);

/** A receiver of webhooks on loopback, as somebody would write one: it keeps what came, and answers as it is told. */
export class WebhookReceiver {
  readonly received: Received[] = [];
  answer: (request: Received, count: number) => Answer = () => ({ status: 204 });
  private readonly waiters = new Set<() => void>();

  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { url = '', headers } = request;
      const one = { path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      this.received.push(one);
      for (const wake of this.waiters) wake();
      const answer = this.answer(one, this.received.length);
      if (typeof answer === 'function') answer(response);
      else response.writeHead(answer.status, answer.headers).end();
    });
  });

  static async start(host = '127.0.0.1'): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    await new Promise<void>((done) => receiver.server.listen(0, host, done));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** Resolves when `count` requests came. */
  async until(count: number): Promise<void> {
    while (this.received.length < count) {
      await new Promise<void>((wake) => this.waiters.add(wake));
    }
  }

  /** The CloudEvents, each checked with the reference library of Standard Webhooks. */
  events(secret: string): readonly unknown[] {
    return this.received.map(({ headers, body }) => {
      expect(headers['content-type']).toBe('application/cloudevents+json');
      return new Webhook(secret).verify(body, headers as Record<string, string>);
    });
  }

  get ids(): readonly (string | undefined)[] {
    return this.received.map(({ headers }) => headers['webhook-id']?.toString());
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
