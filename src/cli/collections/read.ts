import { z } from 'zod';
import { connect } from '../client/client.js';
import { firstOf } from '../client/pages.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { bytes } from '../output/bytes.js';
import { columns } from '../output/columns.js';
import { printJson, printJsonLine, printLines } from '../output/print.js';
import { findingLine } from './view.js';

const jsonSchema = z.object({ json: z.boolean().default(false) });

const listSchema = jsonSchema.extend({
  registry: z.string().exactOptional(),
  state: z
    .enum(['waiting', 'running', 'paused', 'succeeded', 'failed', 'cancelled', 'undone'])
    .exactOptional(),
  limit: z.number(),
});

/** `sexton collect list`. */
export const runList = async (parsed: unknown): Promise<ExitCode> => {
  const { json, limit, ...filters } = listSchema.parse(parsed);
  const server = connect();
  const found = await firstOf(limit, 200, (page) =>
    server.answer(server.api.GET('/v1/collections', { params: { query: { ...filters, ...page } } })),
  );
  const rows = found.items.map(({ id, registry, mode, state, createdAt, quarantined, reason }) => [
    id,
    registry,
    mode,
    state,
    bytes(quarantined.bytes),
    createdAt,
    reason,
  ]);
  const heading = ['ID', 'REGISTRY', 'MODE', 'STATE', 'QUARANTINED', 'ASKED', 'REASON'];
  await (json ? printJson(found) : printLines(columns(heading, rows)));
  return EXIT.done;
};

const PAGE = 200;

/** `sexton collect report`: page by page, so that a report of any length is never held whole. */
export const runReport = async (id: string, parsed: unknown): Promise<ExitCode> => {
  const { json } = jsonSchema.parse(parsed);
  const server = connect();
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor?: string } = { limit: PAGE, ...(cursor !== null && { cursor }) };
    const call = server.api.GET('/v1/collections/{id}/report', { params: { path: { id }, query } });
    const { items, nextCursor } = await server.answer(call);
    if (json) for (const item of items) await printJsonLine(item);
    else await printLines(items.map(findingLine));
    cursor = nextCursor;
  } while (cursor !== null);
  return EXIT.done;
};

/** `sexton collect windows`. */
export const runWindows = async (parsed: unknown): Promise<ExitCode> => {
  const { json } = jsonSchema.parse(parsed);
  const server = connect();
  const found = await server.answer(server.api.GET('/v1/collections/windows'));
  const rows = found.items.map(
    ({ registry, engine, windows, isOpen, opensAt, closesAt, waiting, forecast }) => [
      registry,
      engine,
      windows
        .map(({ days, start, end, timezone }) => `${days.join(',')} ${start}-${end} ${timezone}`)
        .join('; '),
      isOpen ? `open until ${closesAt ?? '?'}` : `opens ${opensAt ?? 'never'}`,
      `${waiting} waiting`,
      forecast === null ? '' : forecast.fits ? 'fits' : 'does not fit',
    ],
  );
  await (json
    ? printJson(found)
    : printLines(columns(['REGISTRY', 'ENGINE', 'WINDOWS', 'NOW', 'WAITING', 'FORECAST'], rows)));
  return EXIT.done;
};
