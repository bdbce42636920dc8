import { Inject, Injectable } from '@nestjs/common';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DATABASE, type Db } from '../database/database.js';
import type { Caller } from '../identity/caller.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import type { AuditOutcome, JsonObject } from './audit-event.js';
import { AuditLog } from './audit-log.js';
import { AUDIT_OPTIONS, type AuditOptions } from './audit-options.js';
import { maySeeEvent, narrowingFor } from './audit-visibility.js';
import type { ExportAudit } from './audit.dto.js';
import type { ChainHead } from './chain.js';
import type { Checkpoint } from './checkpoint.js';
import { readCheckpoints } from './checkpoint.store.js';
import { EXPORT_FORMAT, type HeaderRecord } from './evidence-records.js';
import { csvFormatter, csvRow } from './export-csv.js';
import { exportLines } from './export-ndjson.js';
import { chainHead, sealedPage, type SealedEvent } from './export.store.js';
import { AuditSealer } from './sealer.js';

const PAGE = 500;

type Filters = Omit<ExportAudit, 'format'>;

/** What an export covers, fixed when it began. */
export interface AuditExport {
  readonly caller: Caller;
  readonly requestId: string;
  readonly format: ExportAudit['format'];
  readonly filters: Filters;
  readonly upTo: ChainHead;
}

/** Exports of the audit log: streamed, as fast as the reader takes them, in constant memory; themselves audited. */
@Injectable()
export class AuditExportService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
    private readonly audit: AuditLog,
    private readonly sealer: AuditSealer,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Records that the caller exports, before anything is shown; what is sealed by then will be in it. */
  async begin(caller: Caller, requestId: string, query: ExportAudit): Promise<AuditExport> {
    const { format, ...filters } = query;
    await this.record({ caller, requestId, format, filters }, 'accepted', {});
    await this.sealer.sealWaiting();
    return { caller, requestId, format, filters, upTo: await chainHead(this.db) };
  }

  /** Streams into `sink` until the end, or until the reader has gone; then `sink` is destroyed, never ended. */
  async stream(wanted: AuditExport, sink: Writable): Promise<void> {
    const counted = { events: 0 };
    const pages = this.pages(wanted, counted);
    const oneAhead = { highWaterMark: 1 };
    try {
      if (wanted.format === 'csv') {
        await pipeline(Readable.from(rowsOf(pages), oneAhead), csvFormatter(), sink);
      } else {
        const checkpoints = this.checkpoints(wanted);
        const lines = exportLines(this.header(wanted), pages, checkpoints, this.options.signingKey);
        await pipeline(Readable.from(lines, oneAhead), sink);
      }
    } catch (error) {
      this.logger.warn({ err: error, request: wanted.requestId }, 'an audit export ended early');
      await this.record(wanted, 'failed', { ...counted }).catch((err: unknown) =>
        this.logger.error({ err }, 'the end of an audit export could not be recorded'),
      );
      return;
    }
    await this.record(wanted, 'succeeded', { ...counted, upTo: { ...wanted.upTo } });
  }

  /** Events that the caller may see, page by page; the next page is read when the reader has taken this one. */
  private async *pages(
    { caller, filters, upTo }: AuditExport,
    counted: { events: number },
  ): AsyncGenerator<SealedEvent[]> {
    const narrowing = narrowingFor(caller);
    for (let after = 0; ;) {
      const range = { after, upTo: upTo.sequence, limit: PAGE };
      const page = await sealedPage(this.db, range, filters, narrowing);
      const seen = page.filter(({ event }) => maySeeEvent(caller, event));
      if (seen.length > 0) yield seen;
      counted.events += seen.length;
      const last = page.at(-1);
      if (page.length < PAGE || !last) return;
      after = last.seal.sequence;
    }
  }

  /** Only a whole export has them: others have no place for most. */
  private async *checkpoints(wanted: AuditExport): AsyncGenerator<Checkpoint> {
    if (!isContiguous(wanted)) return;
    for await (const checkpoint of readCheckpoints(this.db)) {
      if (checkpoint.sequence > wanted.upTo.sequence) return;
      yield checkpoint;
    }
  }

  private header(wanted: AuditExport): HeaderRecord {
    const { id, name } = wanted.caller;
    return {
      type: 'header',
      format: EXPORT_FORMAT,
      exportedAt: new Date().toISOString(),
      exportedBy: { id, name },
      contiguous: isContiguous(wanted),
      filters: definedFilters(wanted.filters),
      upTo: { ...wanted.upTo },
    };
  }

  private async record(
    { caller, requestId, format, filters }: Omit<AuditExport, 'upTo'>,
    outcome: AuditOutcome,
    details: JsonObject,
  ): Promise<void> {
    await this.audit.record(this.db, {
      action: 'audit.exported',
      outcome,
      actor: caller,
      requestId,
      details: { format, filters: definedFilters(filters), ...details },
    });
  }
}

const isContiguous = ({ caller, filters }: AuditExport): boolean =>
  narrowingFor(caller) === null && Object.keys(definedFilters(filters)).length === 0;

const definedFilters = (filters: Filters): Record<string, string> =>
  Object.fromEntries(
    Object.entries(filters).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

async function* rowsOf(pages: AsyncIterable<readonly SealedEvent[]>) {
  for await (const page of pages) for (const sealed of page) yield csvRow(sealed);
}
