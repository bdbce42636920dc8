import type { Gateway } from './gateway.js';
import { bold, dim, say } from './terminal.js';

/** Where to look, and three calls to paste into another terminal. */
export const showCalls = ({ url, key }: Gateway): void => {
  say(`Review page  ${bold(`${url}/`)}`);
  say(`Swagger UI   ${bold(`${url}/docs`)}`);
  say(`API key      ${key}`);
  const call = (what: string, path: string, body?: Record<string, unknown>): void => {
    const json =
      body &&
      ` \\\n  -H 'Content-Type: application/json' -d '${JSON.stringify({ registry: 'demo', ...body })}'`;
    say(`\n${dim(what)}`);
    say(`curl -u me:${key} \\\n  '${url}${path}'${json ?? ''}`);
  };
  call('Plan to delete both tags of one digest, without doing it:', '/v1/deletions', {
    repository: 'team-a/shared',
    references: ['v3'],
    siblings: 'include',
    reason: 'trying it out',
    dryRun: true,
  });
  // Of this image alone: the README goes on with the others.
  call('Delete an image:', '/v1/deletions', {
    repository: 'team-a/spare',
    references: ['v1.0'],
    reason: 'trying it out',
  });
  call('Read who deleted what, when and why:', '/v1/audit/events?limit=20');
  say();
};
