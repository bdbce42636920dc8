import { z } from 'zod';
import { SextonError } from '../../../errors/sexton-error.js';
import { parseJson } from '../../../registries/upstream/json.js';
import type { UpstreamResponse } from '../../../registries/upstream/transport.js';
import type { CollectionEngine, EngineEnd, EngineRun } from '../engine-port.js';
import type { Finding, Summary } from '../../engine/report.js';
import { followJob, type JobState } from '../follow-job.js';
import type { JobApi } from '../job-api.js';

/** `tmpresponses.Job` of DTR 2.7's Swagger, as far as it is needed. */
const jobSchema = z.object({ id: z.string().min(1), action: z.string(), status: z.string() });
const jobsSchema = z.object({ jobs: z.array(jobSchema) });
const logSchema = z.array(z.object({ data: z.string(), lineNum: z.int() }));
const checkpointSchema = z.object({ job: z.string().min(1) });

/** Both spellings, that of the pages and that of the Swagger (FACTS §2.6). What is in none of them is still open. */
const ENDED: Readonly<Record<string, JobState>> = {
  done: 'succeeded',
  error: 'failed',
  errored: 'failed',
  cancel: 'stopped',
  canceled: 'stopped',
  deleted: 'stopped',
  worker_shutdown: 'stopped',
  worker_resurrection: 'stopped',
};

const LOG_LINES = 10_000;

/** Garbage collection of Docker Trusted Registry and MSR 2 and 3, through their job queue (FACTS §2.6). */
export class DtrEngine implements CollectionEngine {
  constructor(
    private readonly action: 'onlinegc' | 'gc',
    private readonly api: JobApi,
    private readonly pollEveryMs: number,
  ) {}

  async collect(run: EngineRun): Promise<EngineEnd> {
    try {
      return await this.follow(run);
    } finally {
      await this.api.close();
    }
  }

  /** DTR itself leaves read-only mode when its job ends. */
  async bringBack(): Promise<void> {}

  private async follow(run: EngineRun): Promise<EngineEnd> {
    if (run.mode === 'dry-run') {
      throw new SextonError('not_supported_by_engine', { detail: 'Jobs of DTR have no dry run' });
    }
    const id = checkpointSchema.safeParse(run.checkpoint).data?.job ?? (await this.begin(run));
    const path = `/api/v0/jobs/${encodeURIComponent(id)}`;
    const { state, wasTold } = await followJob(
      run,
      {
        state: async () => {
          const job = parse(jobSchema, await this.api.call('GET', path, 200, run.signal), 'a job');
          return ENDED[job.status] ?? 'open';
        },
        stop: async () => void (await this.api.call('POST', `${path}/cancel`, 204, run.signal)),
      },
      this.pollEveryMs,
    );
    // The next stretch begins a job of its own.
    await run.saveCheckpoint({});
    await run.report(UNKNOWN, await this.log(path, run.signal));
    if (state === 'succeeded') return { isFinished: true, measures: null };
    // At the deadline DTR ends its job by itself: the window has closed by then.
    if (wasTold || !(await run.mayGoOn())) return { isFinished: false, measures: null };
    throw new SextonError('collection_job_failed', {
      detail: `The job ${this.action} ${id} of the registry ${state === 'failed' ? 'failed' : 'was stopped'}`,
    });
  }

  /** The id of a new job, or of one that is open: this process may have died before it could note its own. */
  private async begin(run: EngineRun): Promise<string> {
    const list = `/api/v0/jobs?action=${this.action}&start=0&limit=100`;
    const { jobs } = parse(jobsSchema, await this.api.call('GET', list, 200, run.signal), 'a list of jobs');
    const open = jobs.find(({ action, status }) => action === this.action && ENDED[status] === undefined);
    const job = open ?? parse(jobSchema, await this.submit(run), 'a job');
    await run.saveCheckpoint({ job: job.id });
    return job.id;
  }

  /** Every field of `tmpforms.JobSubmission` is required there. */
  private submit(run: EngineRun): Promise<UpstreamResponse> {
    const closesMs = run.closesMs();
    const seconds = closesMs === null ? null : Math.max(1, Math.floor((closesMs - run.now()) / 1000));
    return this.api.call('POST', '/api/v0/jobs', 202, run.signal, {
      action: this.action,
      parameters: {},
      retries: 0,
      capacityMap: {},
      deadline: seconds === null ? '' : `${seconds}s`,
      stopTimeout: '',
      scheduledAt: '',
    });
  }

  private async log(path: string, signal: AbortSignal): Promise<Finding[]> {
    const answer = await this.api.call(
      'GET',
      `${path}/logs?stream=false&offset=0&limit=${LOG_LINES}`,
      200,
      signal,
    );
    return parse(logSchema, answer, 'the log of a job').map(({ data }) => ({
      kind: 'log',
      line: data.trimEnd(),
    }));
  }
}

const UNKNOWN: Summary = {
  repositories: null,
  manifests: null,
  garbage: { count: null, bytes: null },
  reasons: {},
  young: null,
  keptInDoubt: null,
  blocked: null,
  faults: 0,
};

const parse = <T>(schema: z.ZodType<T>, response: UpstreamResponse, what: string): T => {
  const parsed = schema.safeParse(parseJson(response.body));
  if (parsed.success) return parsed.data;
  throw new SextonError('upstream_protocol_error', { detail: `The registry's answer is not ${what}` });
};
