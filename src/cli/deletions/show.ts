import type { Deletion } from '../client/client.js';
import { printJson, printLines } from '../output/print.js';
import { deletionLines } from './deletion-view.js';
import { shortDigest, wholeDigest } from './plan-view.js';

export interface ShowOptions {
  readonly json: boolean;
  /** Whether digests are cut short. */
  readonly trunc: boolean;
}

export const showDeletion = (deletion: Deletion, { json, trunc }: ShowOptions): Promise<void> =>
  json ? printJson(deletion) : printLines(deletionLines(deletion, trunc ? shortDigest : wholeDigest));
