import { askUntilAccepted, type Accepted, type AskingFacts } from '../faults/asking.js';
import { until, type Slot } from '../faults/fleet.js';
import {
  judgeAudit,
  judgeCount,
  judgeDeletions,
  judgeKeys,
  judgeProcesses,
  stillOpen,
} from '../faults/invariants.js';
import type { Stage } from '../faults/stage.js';
import { pull, type Asked, type World } from '../faults/world.js';

/** For a busy machine: nothing here measures speed. */
const READY_MS = 120_000;
const END_MS = 300_000;
/** Nothing is killed here: whoever is not accepted soon never is. */
const GIVE_UP_MS = 60_000;

/** Of what stands against one step. */
const MOST_LINES = 12;

/** What a rolling upgrade does again and again, and all that was not as it must be. */
export class UpgradeRun {
  readonly violations: string[] = [];
  private readonly facts: AskingFacts = { statuses: new Map(), wrong: [] };
  private readonly accepted: Accepted[] = [];
  private readonly restored = new Set<string>();
  private told = 0;

  constructor(
    private readonly stage: Stage,
    private readonly world: World,
  ) {}

  /** Says that `what` was shown, or what stands against it. */
  show(what: string): void {
    const against = this.violations.slice(this.told);
    this.told = this.violations.length;
    this.stage.say(against.length === 0 ? `  shown: ${what}` : `  NOT SHOWN: ${what}`);
    for (const violation of against.slice(0, MOST_LINES)) this.stage.say(`    VIOLATION ${violation}`);
    if (against.length > MOST_LINES) this.stage.say(`    and ${against.length - MOST_LINES} more`);
  }

  must(isSo: boolean, what: string): void {
    if (!isSo) this.violations.push(what);
  }

  untilReady(slot: Slot): Promise<void> {
    return until(`${slot.name} is ready`, READY_MS, () => slot.isReady());
  }

  async schema(): Promise<readonly string[]> {
    const { rows } = await this.stage.pool.query<{ name: string }>(
      'select name from kysely_migration order by name',
    );
    return rows.map(({ name }) => name);
  }

  /** Asks for every deletion of `repository`, for some of them all APIs under one key. */
  async ask(repository: string, apis: readonly Slot[]): Promise<readonly Accepted[]> {
    const asked = this.world.asked.filter((one) => one.repository === repository);
    const { adminKey } = this.stage.fleet;
    const answers = await Promise.all(
      asked.map((one, index) => {
        const how = { first: index, twice: index % 3 === 0, giveUpMs: GIVE_UP_MS };
        return askUntilAccepted(apis, adminKey, one, how, this.facts);
      }),
    );
    this.violations.push(...this.facts.wrong.splice(0));
    const got = answers.filter((answer) => answer !== null);
    this.accepted.push(...got);
    if (got.length < asked.length) throw new Error(`${got.length} of ${asked.length} were accepted`);
    return got;
  }

  /** The deletions of `repository` end as they must, and `worker` alone changed anything there. */
  async judge(repository: string, worker: Slot): Promise<void> {
    const { pool, registry, link } = this.stage;
    await this.untilEnded();
    const mine = this.accepted.filter(
      ({ asked, id }) => asked.repository === repository && !this.restored.has(id),
    );
    this.violations.push(...(await judgeDeletions(pool, mine)).violations);
    for (const [, reference] of this.world.gone.filter(([name]) => name === repository)) {
      const found = await pull(registry.url, repository, reference);
      this.must(found === 'absent', `${repository} ${reference} should be gone: ${found ?? 'it pulls'}`);
    }
    for (const [, reference] of this.world.stays.filter(([name]) => name === repository)) {
      const fault = await pull(registry.url, repository, reference);
      this.must(fault === null, `${repository} ${reference} should pull: ${fault}`);
    }
    const changes = link.mutations.filter((one) => one.repository === repository && one.status === 202);
    this.must(changes.length > 0, `nothing was changed in ${repository}`);
    for (const { writer } of changes) this.mustBe(worker, writer, `changed ${repository}`);
  }

  /** Brings back one of `done`, asked of `api` and done by `worker`. */
  async restore(done: readonly Accepted[], api: Slot, worker: Slot): Promise<void> {
    const { fleet, registry, link, pool } = this.stage;
    const one = done.find(({ asked, id }) => isOfOneTag(asked) && !this.restored.has(id));
    if (!one) throw new Error('no deletion of one tag is there to restore');
    const { id, asked } = one;
    this.restored.add(id);
    const answer = await fetch(`${api.url}/v1/deletions/${id}/restore`, {
      method: 'POST',
      headers: { authorization: `Bearer ${fleet.adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'an upgrade run' }),
    });
    this.must(answer.ok, `${api.name} answered ${answer.status} to a restore: ${await answer.text()}`);
    await this.untilEnded();
    const { rows } = await pool.query<{ state: string }>('select state from deletions where id = $1', [id]);
    this.must(rows[0]?.state === 'restored', `${asked.key} is ${rows[0]?.state}, not restored`);
    const fault = await pull(registry.url, asked.repository, asked.references[0] ?? '');
    this.must(fault === null, `${asked.key} was restored, and yet: ${fault}`);
    const last = link.mutations.findLast(({ method, status }) => method === 'PUT' && status === 201);
    this.mustBe(worker, last?.writer ?? 'nobody', `restored ${asked.key}`);
  }

  /** The audit chain is whole, as `api` says and as this build's command finds; how many events it has. */
  async audit(api: Slot): Promise<number> {
    const { violations, events } = await judgeAudit(this.stage, api);
    this.violations.push(...violations.map((line) => `${api.name}: ${line}`));
    return events;
  }

  /** What must be so of all of it, at the end. */
  async judgeAll(api: Slot): Promise<void> {
    const { fleet, pool } = this.stage;
    this.violations.push(
      ...(await judgeCount(pool, this.accepted)),
      ...(await judgeKeys([api], fleet.adminKey, this.accepted)),
      ...judgeProcesses(fleet),
      ...fleet.errorLines.map((line) => `logged by ${line}`),
    );
  }

  private untilEnded(): Promise<void> {
    const { pool } = this.stage;
    return until('every deletion ends', END_MS, async () => (await stillOpen(pool)).length === 0);
  }

  private mustBe(worker: Slot, writer: string, what: string): void {
    this.must(writer.startsWith(`${worker.name}#`), `${writer} ${what}, not ${worker.name}`);
  }
}

const isOfOneTag = ({ references, state, siblings }: Asked): boolean =>
  references.length === 1 && state === 'succeeded' && siblings === 'refuse' && references[0] !== 'multi';
