import { FileJournal } from '../collections/engine/file-journal.js';
import { heal } from '../collections/engine/heal.js';
import { purge } from '../collections/engine/purge.js';
import { withLock } from '../collections/engine/storage-lock.js';
import { undo } from '../collections/engine/undo.js';
import { CommandError, EXIT, type ExitCode } from './exit-codes.js';
import { withSurveyor, type WhichStorage } from './storage-open.js';

const REMEMBERED_WITHOUT_SERVICE_MS = 365 * 86_400_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** `sexton storage undo`. */
export const runUndo = async (parsed: unknown): Promise<ExitCode> => {
  const { run: wanted, ...where } = parsed as WhichStorage & { readonly run?: string };
  return withSurveyor({ ...where, cache: false }, ({ root, surveyor }) =>
    withLock(root, async () => {
      const journal = new FileJournal(root);
      const runs = await journal.runs();
      const waiting = new Set((await journal.list(['moving', 'quarantined'])).map(({ run }) => run));
      const last = runs.findLast(({ id }) => waiting.has(id)) ?? runs.at(-1);
      const run = wanted === undefined ? last : runs.find(({ id }) => id === wanted);
      if (!run) throw new CommandError(`${where.storage} has no such collection to undo`, EXIT.refused);
      const { entries, bytes, purged, missing } = await undo(surveyor.storage, journal, run.id);
      say(`run ${run.id}: ${entries} brought back, ${bytes} bytes; ${purged} were purged before`);
      if (missing > 0) say(`${missing} are not in the quarantine any more, and somebody else removed them`);
      return purged + missing > 0 ? EXIT.incomplete : EXIT.done;
    }),
  );
};

/** `sexton storage heal`. */
export const runHeal = async (parsed: unknown): Promise<ExitCode> => {
  return withSurveyor(parsed as WhichStorage, ({ root, surveyor }) =>
    withLock(root, async () => {
      say(`${await heal(surveyor, new FileJournal(root))} brought back`);
      return EXIT.done;
    }),
  );
};

/** `sexton storage purge`. */
export const runPurge = async (parsed: unknown): Promise<ExitCode> => {
  const { retention, ...where } = parsed as WhichStorage & { readonly retention: number };
  return withSurveyor(where, ({ root, surveyor }) =>
    withLock(root, async () => {
      const journal = new FileJournal(root);
      // Before, and long after: a service that uses the storage as well has noted by then what became of it.
      await journal.forget(Date.now() - REMEMBERED_WITHOUT_SERVICE_MS);
      const result = await purge(surveyor, journal, Date.now() - retention);
      say(`${result.entries} purged, ${result.bytes} bytes; ${result.broughtBack} brought back`);
      if (result.blocked === null) return EXIT.done;
      say(`nothing was purged: ${result.blocked}`);
      return EXIT.refused;
    }),
  );
};
