import { z } from 'zod';
import { SextonError } from '../../../errors/sexton-error.js';
import { parseJson } from '../../../registries/upstream/json.js';
import type { CollectionEngine, EngineEnd, EngineRun } from '../engine-port.js';
import type { Finding, Summary } from '../../engine/report.js';
import { mustHoldNothing } from '../must-hold-nothing.js';
import { followJob, type JobState } from '../follow-job.js';
import type { JobApi } from '../job-api.js';

const GC = '/api/v2.0/system/gc';

/** `GCHistory` of Harbor's swagger, as far as it is needed. */
const historySchema = z.object({
  id: z.int(),
  job_status: z.string(),
  job_parameters: z.string().optional(),
});
const checkpointSchema = z.object({ execution: z.int() });
const parametersSchema = z.object({
  dry_run: z.boolean().default(false),
  delete_untagged: z.boolean().default(false),
});

const ENDED: Readonly<Record<string, JobState>> = {
  success: 'succeeded',
  error: 'failed',
  stopped: 'stopped',
};
const stateOf = (status: string): JobState => ENDED[status.toLowerCase()] ?? 'open';

/** As the job writes it behind time and place of the line. */
const BLOB = /blob eligible for deletion: ([a-z0-9]+:[0-9a-f]+)/;
const COUNTS = /(\d+) blobs and (\d+) manifests eligible for deletion/;

/**
 * Garbage collection of Harbor 2.x and MSR 4, through its schedule, history and log (FACTS §3). Harbor stays online,
 * and must not be made read-only for it.
 */
export class HarborEngine implements CollectionEngine {
  constructor(
    private readonly workers: number,
    private readonly api: JobApi,
    private readonly pollEveryMs: number,
  ) {}

  async collect(run: EngineRun): Promise<EngineEnd> {
    try {
      await mustHoldNothing(run);
      return await this.follow(run);
    } finally {
      await this.api.close();
    }
  }

  /** Harbor stays online. */
  async bringBack(): Promise<void> {}

  private async follow(run: EngineRun): Promise<EngineEnd> {
    const id = checkpointSchema.safeParse(run.checkpoint).data?.execution ?? (await this.begin(run));
    const { state, wasTold } = await followJob(
      run,
      {
        state: async () => {
          const answer = await this.api.call('GET', `${GC}/${id}`, 200, run.signal);
          return stateOf(parse(historySchema, answer.body).job_status);
        },
        stop: async () => void (await this.api.call('PUT', `${GC}/${id}`, 200, run.signal)),
      },
      this.pollEveryMs,
    );
    await run.saveCheckpoint({});
    const log = await this.api.call('GET', `${GC}/${id}/log`, 200, run.signal);
    const lines = Buffer.from(log.body).toString('utf8').trimEnd().split('\n');
    const blobs = [...new Set(lines.flatMap((line) => BLOB.exec(line)?.[1] ?? []))];
    await run.report(summaryOf(lines), findingsOf(lines, blobs));
    if (state === 'succeeded') {
      if (run.mode !== 'dry-run') await run.removed(blobs);
      return { isFinished: true, measures: null };
    }
    if (wasTold) return { isFinished: false, measures: null };
    throw new SextonError('collection_job_failed', {
      detail: `Harbor's garbage collection ${id} ${state === 'failed' ? 'failed' : 'was stopped'}`,
    });
  }

  /** The id of a new run, or of ours where this process died before it could note it. */
  private async begin(run: EngineRun): Promise<number> {
    // Left out, `delete_untagged` means false over the API, so every parameter is sent.
    const parameters = {
      dry_run: run.mode === 'dry-run',
      delete_untagged: run.untaggedMinAgeMs !== null,
      workers: this.workers,
    };
    const newest = await this.api.call('GET', `${GC}?page=1&page_size=10`, 200, run.signal);
    const open = parse(z.array(historySchema), newest.body).find(
      ({ job_status: status, job_parameters: text }) =>
        stateOf(status) === 'open' && status.toLowerCase() !== 'scheduled' && isSame(text, parameters),
    );
    const id = open?.id ?? (await this.schedule(run, parameters));
    await run.saveCheckpoint({ execution: id });
    return id;
  }

  private async schedule(run: EngineRun, parameters: object): Promise<number> {
    const body = { schedule: { type: 'Manual' }, parameters };
    const created = await this.api.call('POST', `${GC}/schedule`, 201, run.signal, body);
    const [, id] = /\/system\/gc\/(\d+)$/.exec(created.header('location') ?? '') ?? [];
    if (id !== undefined) return Number(id);
    throw new SextonError('upstream_protocol_error', {
      detail: 'Harbor did not say which garbage collection it began',
    });
  }
}

const isSame = (
  text: string | undefined,
  wanted: { dry_run: boolean; delete_untagged: boolean },
): boolean => {
  const { data } = parametersSchema.safeParse(parseJson(Buffer.from(text ?? '')));
  return data?.dry_run === wanted.dry_run && data.delete_untagged === wanted.delete_untagged;
};

const summaryOf = (lines: readonly string[]): Summary => {
  const [, blobs, manifests] =
    lines.map((line) => COUNTS.exec(line)).findLast((match) => match !== null) ?? [];
  const count = blobs === undefined ? null : Number(blobs) + Number(manifests);
  return {
    repositories: null,
    manifests: null,
    garbage: { count, bytes: null },
    reasons: {},
    young: null,
    keptInDoubt: null,
    blocked: null,
    faults: 0,
  };
};

const findingsOf = (lines: readonly string[], blobs: readonly string[]): Finding[] => [
  ...lines.map((line): Finding => ({ kind: 'log', line })),
  ...blobs.map((digest): Finding => {
    const because = 'eligible for deletion';
    return { kind: 'blob', digest, sizeBytes: null, because, repositories: [] };
  }),
];

const parse = <T>(schema: z.ZodType<T>, body: Uint8Array): T => {
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  throw new SextonError('upstream_protocol_error', { detail: 'The answer is not that of Harbor 2.x' });
};
