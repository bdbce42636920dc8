import { pushImage } from '../../tools/images.js';
import { at, harbor, open, PASSWORD, repository, ROBOT, useHarbor } from './harbor-world.js';
import { describeRegistry } from './registry.behaviour.js';

useHarbor();

describeRegistry('the harbor adapter on the contract server', async () => {
  harbor.store.ensureRepository(repository);
  const withPassword = (password: string) => open({ credentials: { username: ROBOT.username, password } });
  return {
    registry: withPassword(PASSWORD),
    repository,
    push: (tags, content) => pushImage(at(), { tags, ...(content !== undefined && { content }) }),
    withPassword,
    requestCount: () => harbor.requests.length,
  };
});
