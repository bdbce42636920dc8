import type { Deletion } from '../../../public-api/openapi.js';
import { counted, spaced } from '../parts/words.js';
import type { DeletionEvent } from './follow.js';

/** The deletion as it is after an event of its stream. */
export const after = (deletion: Deletion, event: DeletionEvent): Deletion => {
  switch (event.type) {
    case 'state':
      return { ...deletion, state: event.data.state, problem: event.data.problem };
    case 'end':
      return { ...deletion, state: event.data.state };
    case 'progress':
      return { ...deletion, progress: event.data };
    case 'target': {
      const { reference, digest } = event.data;
      const targets = deletion.targets.map((target) =>
        target.reference === reference && target.digest === digest ? event.data : target,
      );
      return { ...deletion, targets };
    }
  }
};

/** Whether something happens to it by itself. */
export const isLive = ({ state }: Pick<Deletion, 'state'>): boolean =>
  state === 'planning' || state === 'queued' || state === 'running';

/** Whether somebody has yet to do something. */
export const isOpen = ({ state }: Pick<Deletion, 'state'>): boolean =>
  state === 'planned' || state === 'awaiting_approval';

export interface Progress {
  readonly done: number;
  /** null: not known yet. */
  readonly total: number | null;
  readonly words: string;
}

const STAGES = { tags: 'tags resolved', ages: 'ages found', manifests: 'manifests read' } as const;

/** How far it has come; null where nothing goes on. */
export const progressOf = (deletion: Pick<Deletion, 'state' | 'progress' | 'targets'>): Progress | null => {
  if (!isLive(deletion)) return null;
  if (deletion.state === 'planning') {
    const { progress } = deletion;
    if (progress === null) return { done: 0, total: null, words: 'Planning' };
    const { stage, done, total } = progress;
    return { done, total, words: `Planning: ${done} of ${total} ${STAGES[stage]}` };
  }
  const total = deletion.targets.length;
  const done = deletion.targets.filter(({ outcome }) => outcome !== null).length;
  const word = deletion.state === 'queued' ? 'Queued' : 'Running';
  return { done, total, words: `${word}: ${done} of ${counted(total, 'target')} done` };
};

/** What somebody who cannot see the bar is told when it ends. */
export const endInWords = ({ state }: Pick<Deletion, 'state'>): string => `The deletion is ${spaced(state)}.`;
