import { parseArgs } from 'node:util';
import { bold, dim, green, red } from './colour.js';
import { Gateway } from './gateway.js';
import { provideRegistry } from './registry.js';
import { followDeletion, showAudit, showPlan, type Deletion } from './show.js';
import { headManifest, pushImage, pushIndex } from '../tools/images.js';

/** From nothing to a deleted image, on a real registry, in a minute; everything it makes is removed at the end. */
const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });
const say = (text = ''): void => void process.stdout.write(`${text}\n`);
const step = (text: string): void => say(`\n${bold(text)}`);

const cleanups: (() => Promise<void>)[] = [];
const cleanUp = async (): Promise<void> => {
  for (const undo of cleanups.splice(0).reverse()) await undo().catch(() => undefined);
};

const main = async (): Promise<boolean> => {
  step('1  A real registry');
  const registry = await provideRegistry();
  cleanups.push(registry.stop);
  say(`   ${registry.description} at ${registry.url}`);
  const at = (repository: string) => ({ registryUrl: registry.url, repository });
  await pushImage(at('team-a/app'), { tags: ['v1.0'], content: 'the image that must go\n' });
  await pushImage(at('team-a/app'), { tags: ['v2.0'], content: 'the image that stays\n' });
  await pushImage(at('team-a/shared'), { tags: ['v3', 'stable'], content: 'one digest, two tags\n' });
  const amd64 = await pushImage(at('team-a/multi'), { architecture: 'amd64', content: 'amd64\n' });
  const arm64 = await pushImage(at('team-a/multi'), { architecture: 'arm64', content: 'arm64\n' });
  await pushIndex(at('team-a/multi'), [amd64, arm64], { tags: ['v2'] });
  say(
    '   pushed team-a/app:v1.0 and :v2.0, team-a/shared:v3 and :stable (one digest), team-a/multi:v2 (index)',
  );

  step('2  Sexton, on its embedded PostgreSQL');
  const gateway = await Gateway.start(registry.url);
  cleanups.push(() => gateway.stop());
  say(`   ready at ${gateway.url}`);

  step('3  What Sexton refuses');
  say(dim('   DELETE team-a/shared:v3 — but "stable" points at the same digest'));
  const refused = await gateway.ask({ repository: 'team-a/shared', references: ['v3'], reason: 'demo' });
  say(`   ${red(String(refused.status))} ${refused.problem?.code ?? ''}: ${refused.problem?.detail ?? ''}`);
  if (refused.status !== 409) return false;

  step('4  What Sexton does');
  say(dim('   DELETE team-a/app:v1.0, because of CVE-2026-1234'));
  const accepted = await gateway.ask({
    repository: 'team-a/app',
    references: ['v1.0'],
    reason: 'CVE-2026-1234: vulnerable base image',
    ticket: 'OPS-17',
  });
  const deletion: Deletion | null = accepted.deletion;
  if (!deletion) throw new Error(accepted.problem?.detail ?? `the gateway answered ${accepted.status}`);
  showPlan(deletion, say);
  const ended = await followDeletion(gateway, deletion.id, say);

  step('5  What the registry says');
  const gone = await headManifest(at('team-a/app'), 'v1.0');
  const stays = await headManifest(at('team-a/app'), 'v2.0');
  say(`   team-a/app:v1.0 ${gone.status === 404 ? green('404, gone') : red(String(gone.status))}`);
  say(`   team-a/app:v2.0 ${stays.status === 200 ? green('200, still there') : red(String(stays.status))}`);

  step('6  What the audit log says');
  await showAudit(gateway, deletion.id, say);
  const succeeded = ended.state === 'succeeded' && gone.status === 404 && stays.status === 200;
  if (values.once || !succeeded) return succeeded;

  step('Now you');
  const auth = `-H 'Authorization: Bearer ${gateway.key}'`;
  say(`   Swagger UI   ${gateway.url}/docs`);
  say(`   API key      ${gateway.key}\n`);
  say('   Plan a deletion of the two tags on one digest, without doing it:');
  say(
    `   curl ${auth} -H 'Content-Type: application/json' ${gateway.url}/v1/deletions -d '{"registry":"demo","repository":"team-a/shared","references":["v3"],"siblings":"include","reason":"trying it out","dryRun":true}'\n`,
  );
  say('   Delete the multi-arch index and its children:');
  say(
    `   curl ${auth} -H 'Content-Type: application/json' ${gateway.url}/v1/deletions -d '{"registry":"demo","repository":"team-a/multi","references":["v2"],"reason":"trying it out"}'\n`,
  );
  say('   Read the audit log:');
  say(`   curl ${auth} '${gateway.url}/v1/audit/events?limit=20'\n`);
  say(dim('   Ctrl-C ends the demo and removes everything it made.'));
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  return true;
};

try {
  const succeeded = await main();
  await cleanUp();
  process.exit(succeeded ? 0 : 1);
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  await cleanUp();
  process.exit(1);
}
