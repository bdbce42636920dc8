import { once } from 'node:events';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { SyslogOptions } from '../audit-options.js';
import type { Destination, ForwardedRecord } from './destination.js';
import { syslogFrame } from './syslog-message.js';

/** No progress for so long, also while connecting, ends a delivery. */
const SILENCE_MS = 20_000;
/** How long a collector has to refuse us after the handshake; longer where the network is slow. */
const SETTLE_MS = 250;

/**
 * Syslog over TLS (RFC 5425).
 *
 * Syslog has no acknowledgement, and what was written to a socket may never arrive. So each delivery has a connection of
 * its own: Sexton says that it has nothing more (close_notify and FIN, RFC 5425 §4.4) and waits until the collector
 * closes as well without an error, which it does once it has read everything before. Anything else counts as not
 * delivered, and is sent again.
 *
 * A collector that does not want our certificate closes just as politely: with TLS 1.3 the client is done with the
 * handshake before the server has looked at it. So nothing is sent until there was time for that.
 */
export class SyslogDestination implements Destination {
  readonly name: string;

  constructor(
    private readonly options: SyslogOptions,
    private readonly silenceMs = SILENCE_MS,
  ) {
    this.name = options.name;
  }

  async deliver(records: readonly ForwardedRecord[]): Promise<void> {
    const started = performance.now();
    const socket = this.connect();
    // Listeners for the whole life of the socket: an error between two awaits must not end the process.
    const closed = once(socket, 'close');
    closed.catch(() => undefined);
    socket.setTimeout(this.silenceMs, () => socket.destroy(new Error('the collector does not answer')));
    socket.once('end', () => {
      if (!socket.writableEnded) socket.destroy(new Error('the collector closed the connection by itself'));
    });
    try {
      await once(socket, 'secureConnect');
      socket.resume();
      const settleMs = Math.max(SETTLE_MS, 2 * (performance.now() - started));
      await Promise.race([pause(settleMs), closed]);
      const us = hostname();
      const frames = records.map((record) => syslogFrame(record, us, this.options.maxMessageBytes));
      await pipeline(Readable.from(frames), socket);
      await closed;
    } finally {
      socket.destroy();
    }
  }

  private connect(): TLSSocket {
    const { host, port, ca, client, serverName } = this.options;
    return connect({
      host,
      port,
      minVersion: 'TLSv1.2',
      // An address is no server name (RFC 6066 §3); the certificate must name it all the same.
      ...((serverName !== null || isIP(host) === 0) && { servername: serverName ?? host }),
      ...(ca !== null && { ca }),
      ...(client && { cert: client.cert, key: client.key }),
    });
  }
}
