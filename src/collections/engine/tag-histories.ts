import { tagHistory, tagHistoryLink, tags } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { listOrFault } from './listing.js';
import { digestFolders } from './scan-repository.js';

/** A link that cannot be seen stays: it names a manifest that is gone, which no registry minds. */
const ignore = (): void => undefined;

/**
 * Where the histories of a repository's tags name a manifest. Each is listed once for all that are asked after one
 * another: a repository may have thousands of tags and of untagged manifests.
 */
export class TagHistories {
  #repository: string | null = null;
  #tagsOf = new Map<string, string[]>();

  constructor(private readonly storage: Storage) {}

  async linksTo(repository: string, digest: string): Promise<readonly string[]> {
    if (this.#repository !== repository) await this.#read(repository);
    const links: string[] = [];
    for (const tag of this.#tagsOf.get(digest) ?? []) {
      const link = tagHistoryLink(repository, tag, digest);
      if ((await this.storage.stat(link)) !== null) links.push(link);
    }
    return links;
  }

  async #read(repository: string): Promise<void> {
    this.#repository = repository;
    this.#tagsOf = new Map();
    for (const tag of (await listOrFault(this.storage, tags(repository), ignore)).folders) {
      for (const digest of await digestFolders(this.storage, tagHistory(repository, tag), ignore)) {
        const known = this.#tagsOf.get(digest);
        if (known) known.push(tag);
        else this.#tagsOf.set(digest, [tag]);
      }
    }
  }
}
