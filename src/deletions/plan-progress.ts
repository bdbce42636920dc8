/** How far planning has come: tags resolved, ages found, manifests and referrers read. */
export interface PlanProgress {
  readonly stage: 'tags' | 'ages' | 'manifests';
  readonly done: number;
  readonly total: number;
}

export type TellProgress = (stage: PlanProgress['stage'], done: number, total: number) => void;

/** For planning that nobody watches. */
export const untold: TellProgress = () => undefined;

const EVERY_MS = 500;

/** Tells `save` at most twice a second, one call at a time; a call that fails costs the news and nothing else. */
export const atTimes = (save: (progress: PlanProgress) => Promise<void>): TellProgress => {
  let saving = false;
  let next = 0;
  return (stage, done, total) => {
    if (saving || performance.now() < next) return;
    saving = true;
    void save({ stage, done, total })
      .catch(() => undefined)
      .finally(() => {
        saving = false;
        next = performance.now() + EVERY_MS;
      });
  };
};
