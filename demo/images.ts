import { headManifest, pushImage, pushIndex } from '../tools/images.js';
import { green, narrow, red, say } from './terminal.js';

/** Pushes what the demo is about, and returns every `repository:tag`. */
export const pushImages = async (registryUrl: string): Promise<readonly string[]> => {
  const at = (repository: string) => ({ registryUrl, repository });
  await pushImage(at('team-a/app'), { tags: ['v1.0'], content: 'the image that must go\n' });
  await pushImage(at('team-a/app'), { tags: ['v2.0'], content: 'the image that stays\n' });
  await pushImage(at('team-a/shared'), { tags: ['v3', 'stable'], content: 'one digest, two tags\n' });
  await pushImage(at('team-a/spare'), { tags: ['v1.0'], content: 'for whoever tries it\n' });
  const amd64 = await pushImage(at('team-a/multi'), { architecture: 'amd64', content: 'amd64\n' });
  const arm64 = await pushImage(at('team-a/multi'), { architecture: 'arm64', content: 'arm64\n' });
  await pushIndex(at('team-a/multi'), [amd64, arm64], { tags: ['v2'] });
  say(
    narrow(
      'pushed team-a/app:v1.0 and :v2.0, team-a/shared:v3 and :stable (two tags on one digest), team-a/multi:v2 (an index for amd64 and arm64), team-a/spare:v1.0 (for you)',
    ),
  );
  return [
    'team-a/app:v1.0',
    'team-a/app:v2.0',
    'team-a/shared:v3',
    'team-a/shared:stable',
    'team-a/multi:v2',
    'team-a/spare:v1.0',
  ];
};

/** Asks the registry, past Sexton: the deleted tag must be gone, and every other one still there. */
export const checkRegistry = async (registryUrl: string, images: readonly string[]): Promise<boolean> => {
  let isAsTold = true;
  for (const image of images) {
    const [repository = '', tag = ''] = image.split(':');
    const { status } = await headManifest({ registryUrl, repository }, tag);
    const expected = image === 'team-a/app:v1.0' ? 404 : 200;
    isAsTold &&= status === expected;
    const meaning = status === 404 ? 'gone' : status === 200 ? 'still there' : '';
    say(`${image.padEnd(22)} ${(status === expected ? green : red)(`${status} ${meaning}`)}`);
  }
  return isAsTold;
};
