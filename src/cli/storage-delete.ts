import { FileJournal } from '../collections/engine/file-journal.js';
import { settle } from '../collections/engine/settle.js';
import { withLock } from '../collections/engine/storage-lock.js';
import { executeStorageDeletion } from '../collections/storage-deletion/execute.js';
import {
  DeletionRefused,
  pathsOf,
  planStorageDeletion,
  type StorageDeletionPlan,
  type StorageTarget,
} from '../collections/storage-deletion/plan.js';
import { digestOrNull } from '../oci/digest.js';
import { repositoryNameSchema, tagSchema } from '../oci/names.js';
import { CommandError, EXIT, type ExitCode } from './exit-codes.js';
import { newRunId } from './storage-collect.js';
import { withStorage } from './storage-open.js';

/** What commander parsed; its types are those of the options in storage-commands.ts. */
interface DeleteOptions {
  readonly storage: string;
  readonly dryRun?: boolean;
  readonly online?: boolean;
  readonly registryUrl?: string;
  readonly grace: number;
  readonly json?: boolean;
}

/** `REPOSITORY[:TAG|@DIGEST]`; anything that could mean something else is refused before a file is looked at. */
export const parseTarget = (text: string): StorageTarget => {
  const [, name = '', tag, digest] = /^([^:@]+)(?::([^:@]*)|@(.*))?$/.exec(text) ?? [];
  const repository = repositoryNameSchema.safeParse(name);
  if (!repository.success) throw new CommandError(`${JSON.stringify(text)} names no repository`);
  if (digest !== undefined) {
    const parsed = digestOrNull(digest);
    if (parsed === null) throw new CommandError(`${JSON.stringify(digest)} is not a digest`);
    return { kind: 'manifest', repository: repository.data, digest: parsed };
  }
  if (tag === undefined) return { kind: 'repository', repository: repository.data };
  const parsed = tagSchema.safeParse(tag);
  if (!parsed.success) throw new CommandError(`${JSON.stringify(tag)} is not a tag`);
  return { kind: 'tag', repository: repository.data, tag: parsed.data };
};

/** `sexton storage delete`. */
export const runDelete = async (reference: string, parsed: unknown): Promise<ExitCode> => {
  const options = parsed as DeleteOptions;
  const target = parseTarget(reference);
  const withBlobs = options.online !== true;
  if (options.dryRun !== true && withBlobs) await refuseWhileWritable(options.registryUrl, target);
  return withStorage(options.storage, undefined, async ({ root, tools }) => {
    const plan = () => planStorageDeletion(tools, target, options.grace);
    try {
      if (options.dryRun) return report(await plan(), withBlobs, options);
      return await withLock(root, async () => {
        const journal = new FileJournal(root);
        await settle(tools.storage, journal);
        const planned = await plan();
        const run = { run: newRunId(), nowMs: tools.now(), withBlobs };
        await executeStorageDeletion(tools.storage, journal, planned, run);
        return report(planned, withBlobs, options, run.run);
      });
    } catch (error) {
      if (error instanceof DeletionRefused) throw new CommandError(error.message, EXIT.refused);
      throw error;
    }
  });
};

const refuseWhileWritable = async (url: string | undefined, { repository }: StorageTarget): Promise<void> => {
  if (url === undefined) return;
  const { probeWritability } = await import('../collections/storage-deletion/registry-probe.js');
  const state = await probeWritability(url, repositoryNameSchema.parse(repository));
  if (state === 'down' || state === 'read_only') return;
  const seen = state === 'writable' ? 'takes pushes' : 'does not show that it is down or read-only';
  throw new CommandError(
    `the registry at ${url} ${seen}; stop it, make it read-only, or leave the blobs to collection with --online`,
    EXIT.refused,
  );
};

const report = (
  plan: StorageDeletionPlan,
  withBlobs: boolean,
  { storage, dryRun = false, json = false }: DeleteOptions,
  run: string | null = null,
): ExitCode => {
  const paths = pathsOf(plan, withBlobs);
  const bytes = withBlobs ? plan.blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : 0;
  const { blocked } = plan.garbage;
  const { staying, faults } = plan;
  const blobs = withBlobs ? plan.blobs.length : 0;
  if (json) {
    const result = { target: plan.target, dryRun, run, paths, blobs, bytes, blocked, staying, faults };
    process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
  } else {
    const lines = [
      ...paths,
      '',
      `${paths.length} files ${dryRun ? 'would go' : 'went into quarantine'}; ${blobs} blobs, ${bytes} bytes`,
      ...(run === null
        ? []
        : [`run ${run}; sexton storage undo --storage ${storage} --run ${run} brings it back`]),
      ...(withBlobs ? [] : ['blobs are left to collection']),
      ...staying,
      ...(blocked === null ? [] : [`no blob goes: ${blocked}`]),
      ...faults.map(({ path, problem }) => `fault: ${path}: ${problem}`),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  return blocked !== null || faults.some(({ undecided }) => undecided !== 'nothing')
    ? EXIT.incomplete
    : EXIT.done;
};
