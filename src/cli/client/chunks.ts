import type { ReadableStream } from 'node:stream/web';

/**
 * The bytes of a body until it ends or `signal` aborts, which then throws. Aborting the request alone does not do: once
 * the headers are there, a fetch of Node.js 20 leaves a read that waits for the next chunk waiting.
 */
export async function* chunksOf(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
