import { Inject, Injectable } from '@nestjs/common';
import { SextonError } from '../../errors/sexton-error.js';
import { HoldsInForce } from '../../holds/holds-in-force.js';
import { pagingOf } from '../../http/cursor.js';
import type { Caller } from '../../identity/caller.js';
import { mayAct, maySeeRegistry } from '../../identity/scope.js';
import type { Digest } from '../../oci/digest.js';
import { registryNameSchema } from '../../oci/names.js';
import type { Finding } from '../engine/report.js';
import type { Standing } from '../engine/described-look.js';
import { explainInStorage } from '../engines/sexton/explain.js';
import {
  CLOCK,
  COLLECTION_OPTIONS,
  STORAGES,
  type AllOptions,
  type Clock,
  type Storages,
} from './collection-tokens.js';
import { CollectionsService } from './collections.service.js';
import { CollectionsStore } from './collections.store.js';
import { positionCursor } from './cursors.js';
import type { ExplanationView } from './explanation.dto.js';
import { FindingsStore } from './findings.store.js';
import type { FindingView, ReportQuery, ReportView } from './report.dto.js';
import type { RegistryWindowsView } from './windows.dto.js';
import { windowsView } from './windows-view.js';

const LINES_A_READ = 1_000;
const MEASURED = 20;

const MESSAGES: Readonly<Record<Standing, string>> = {
  needed: 'An image needs it; paths says which.',
  kept_in_doubt: 'Something could not be read that may need it, so it stays.',
  too_young: 'Nothing needs it, but it is younger than the grace period: a push may be under way.',
  garbage: 'Nothing needs it; the next collection takes it.',
  in_quarantine: 'It was collected and waits in quarantine; it comes back if it is needed, or by an undo.',
  purged: 'It was collected, and is gone for good.',
  absent: 'The registry has no such blob.',
};

/** What collections found, when they may run, and why a blob is still there. Nothing here changes anything. */
@Injectable()
export class CollectionReadingService {
  constructor(
    private readonly collections: CollectionsService,
    private readonly store: CollectionsStore,
    private readonly findings: FindingsStore,
    private readonly holds: HoldsInForce,
    @Inject(COLLECTION_OPTIONS) private readonly options: AllOptions,
    @Inject(STORAGES) private readonly storages: Storages,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /** Windows, next opening and forecast of each registry that the caller may see. */
  async windows(caller: Caller): Promise<RegistryWindowsView[]> {
    const visible = [...this.options.values()]
      .filter(({ registry }) => maySeeRegistry(caller, registry))
      .sort((a, b) => (a.registry < b.registry ? -1 : 1));
    return Promise.all(
      visible.map(async (options) =>
        windowsView(
          options,
          await this.store.open(options.registry),
          await this.store.recent(options.registry, MEASURED),
          this.now(),
        ),
      ),
    );
  }

  /** One page of a report. */
  async report(caller: Caller, id: string, query: ReportQuery): Promise<ReportView> {
    const row = await this.collections.visible(caller, id);
    const paging = pagingOf(`collections/${row.id}/report`, query, positionCursor);
    const after = paging.position?.after ?? -1;
    const lines = await this.findings.page(id, after, query.limit + 1);
    const page = lines.slice(0, query.limit);
    const nextCursor =
      lines.length > query.limit ? paging.cursorAfter({ after: page.at(-1)?.position }) : null;
    const items = page.map(({ body }) => visibleFinding(caller, row.registry, body));
    return { collection: this.collections.view(row), items, nextCursor };
  }

  /** The whole report, as lines of JSON. The collection is looked for before the first line. */
  async reportLines(caller: Caller, id: string): Promise<AsyncGenerator<string>> {
    const row = await this.collections.visible(caller, id);
    const { findings } = this;
    return (async function* () {
      for (let after = -1; ;) {
        const lines = await findings.page(id, after, LINES_A_READ);
        for (const { body } of lines) {
          yield `${JSON.stringify(visibleFinding(caller, row.registry, body))}\n`;
        }
        const last = lines.at(-1);
        if (!last || lines.length < LINES_A_READ) return;
        after = last.position;
      }
    })();
  }

  /** Looks at the registry's files now. `not_supported_by_engine` where Sexton does not read them. */
  async explain(caller: Caller, registry: string, digest: Digest): Promise<ExplanationView> {
    const name = registryNameSchema.safeParse(registry).data;
    const options = name && this.options.get(name);
    if (!maySeeRegistry(caller, registry) || !name || !options) {
      throw new SextonError('unknown_registry', {
        detail: `There is no registry named ${registry.slice(0, 64)} that is collected`,
      });
    }
    const at = this.storages(name);
    if (at === null) {
      throw new SextonError('not_supported_by_engine', {
        detail: `Registry ${registry} is collected by the engine ${options.engine.kind}, which explains nothing`,
      });
    }
    const rules = {
      graceMs: options.graceMs,
      untaggedMinAgeMs: options.untaggedMinAgeMs,
      heldNow: async () => (await this.holds.heldUntagged(name)).isHeld,
    };
    const found = await explainInStorage(at, digest, rules, (repository) =>
      mayAct(caller, 'read', registry, repository),
    );
    const paths = found.paths.map((path) => ({ ...path, steps: [...path.steps] }));
    return { registry, digest, ...found, message: MESSAGES[found.standing], paths };
  }
}

/** Without the names of repositories that the caller may not read. */
const visibleFinding = (caller: Caller, registry: string, finding: Finding): FindingView => {
  const maySee = (repository: string): boolean => mayAct(caller, 'read', registry, repository);
  switch (finding.kind) {
    case 'blob':
      return { ...finding, repositories: finding.repositories.filter(maySee) };
    case 'untagged':
    case 'repository':
      return { ...finding, repository: maySee(finding.repository) ? finding.repository : null };
    case 'fault':
      if (finding.repository === null || maySee(finding.repository)) return finding;
      return { ...finding, repository: null, path: '' };
    case 'log':
      return finding;
  }
};
