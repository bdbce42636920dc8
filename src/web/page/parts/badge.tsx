import type { JSX } from 'preact';
import { spaced } from './words.js';

/** How a state is coloured; its name always stands there too. */
export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet';

const TONES: Readonly<Record<string, Tone>> = {
  planning: 'busy',
  planned: 'quiet',
  awaiting_approval: 'warn',
  queued: 'busy',
  running: 'busy',
  succeeded: 'good',
  partially_succeeded: 'warn',
  refused: 'bad',
  rejected: 'bad',
  failed: 'bad',
  broken: 'bad',
  whole: 'good',
  restored: 'good',
  undone: 'quiet',
  accepted: 'quiet',
  deleted: 'good',
  untagged: 'good',
  tag_moved: 'warn',
  waiting: 'busy',
  paused: 'warn',
  in_force: 'warn',
  open: 'good',
};

export const Badge = ({ of, text }: { readonly of: string; readonly text?: string }): JSX.Element => (
  <span class={`badge ${TONES[of] ?? 'quiet'}`}>{text ?? spaced(of)}</span>
);
