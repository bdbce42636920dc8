import { createParser } from 'eventsource-parser';
import { z } from 'zod';

export interface ServerEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const dataSchema = z.record(z.string(), z.unknown());

/** Server-sent events of a response, as they come; ends with it, or throws what broke the connection. */
export async function* readServerEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const ready: ServerEvent[] = [];
  const parser = createParser({
    onEvent: ({ event = 'message', data }) => {
      ready.push({ event, data: dataSchema.parse(JSON.parse(data)) });
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* ready.splice(0);
  }
}
