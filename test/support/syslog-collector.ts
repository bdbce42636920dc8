import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';

export interface SyslogMessage {
  readonly priority: number;
  readonly timestamp: string;
  readonly messageId: string;
  readonly sequenceId: number;
  /** MSG, parsed. */
  readonly record: Record<string, unknown>;
}

/** RFC 5424 §6 as far as Sexton may use it: every field printable ASCII, structured data, then MSG. */
const MESSAGE =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) \[origin software="Sexton"\]\[meta sequenceId="([1-9]\d{0,9})"\] (.*)$/s;
/** RFC 5425 §4.3: no leading zero, then one space. */
const LENGTH = /^([1-9]\d{0,9}) /;

/**
 * A strict collector of syslog over TLS (RFC 5425): what a real one would refuse or misread is a violation. Can be told
 * to break connections, as one that dies does.
 */
export class SyslogCollector {
  readonly messages: SyslogMessage[] = [];
  readonly violations: string[] = [];
  connections = 0;
  /** Breaks a connection after so many messages on it, before the next is read; null: never. */
  breakAfter: number | null = null;
  /** Reads and never closes. */
  hangs = false;
  private server: Server | null = null;
  private readonly open = new Set<Socket>();
  private lastPort = 0;

  constructor(
    private readonly tls: TlsOptions,
    private readonly mostBytes = 8_192,
  ) {}

  get port(): number {
    return this.lastPort;
  }

  /** On the same port as before, if there was one. */
  async start(): Promise<void> {
    // Half-open, so that it is this collector that says when it has everything.
    this.server = createServer({ ...this.tls, allowHalfOpen: true } as TlsOptions, (socket) =>
      this.serve(socket),
    );
    this.server.on('tlsClientError', () => undefined);
    this.server.on('connection', (socket: Socket) => {
      this.open.add(socket);
      socket.on('close', () => this.open.delete(socket));
    });
    this.server.listen(this.lastPort, '127.0.0.1');
    await once(this.server, 'listening');
    this.lastPort = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    this.server?.close();
    if (this.server) await once(this.server, 'close');
    this.server = null;
  }

  /** Sequences of the events, in the order of their arrival. */
  get sequences(): number[] {
    return this.messages
      .filter(({ messageId }) => messageId !== 'checkpoint')
      .map(({ record }) => Number(record['sequence']));
  }

  private serve(socket: TLSSocket): void {
    this.connections += 1;
    let pending = Buffer.alloc(0);
    let taken = 0;
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const [prefix, digits] = LENGTH.exec(pending.subarray(0, 12).toString('latin1')) ?? [];
        if (prefix === undefined) {
          if (pending.length > 11) this.violations.push(`no MSG-LEN: ${pending.subarray(0, 20).toString()}`);
          return;
        }
        const end = prefix.length + Number(digits);
        if (pending.length < end) return;
        if (this.breakAfter !== null && taken >= this.breakAfter) {
          socket.destroy();
          return;
        }
        taken += 1;
        this.take(pending.subarray(prefix.length, end));
        pending = pending.subarray(end);
      }
    });
    socket.on('end', () => {
      if (pending.length > 0) this.violations.push('the connection ended inside a frame');
      if (!this.hangs) socket.end();
    });
  }

  private take(bytes: Buffer): void {
    if (bytes.length > this.mostBytes) this.violations.push(`a message of ${bytes.length} bytes`);
    if (bytes.some((byte) => byte > 0x7e || byte < 0x20))
      this.violations.push('a byte that is not printable ASCII');
    const [, priority = '', timestamp = '', , , , messageId = '', sequenceId = '', text = ''] =
      MESSAGE.exec(bytes.toString('utf8')) ?? [];
    if (text === '') {
      this.violations.push(`not RFC 5424: ${bytes.subarray(0, 80).toString()}`);
      return;
    }
    this.messages.push({
      priority: Number(priority),
      timestamp,
      messageId,
      sequenceId: Number(sequenceId),
      record: JSON.parse(text) as Record<string, unknown>,
    });
  }
}
