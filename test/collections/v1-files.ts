import * as fs from 'node:fs';
import { join } from 'node:path';
import { putFile, temporaryDirectory } from './temporary-tree.js';

export interface V1Upload {
  /** The image that it is built on, which must be there: the registry takes no other (images.put_image_json). */
  readonly on?: string;
  /** An upload that has not ended: no layer yet. */
  readonly inProgress?: boolean;
}

const DAY_MS = 86_400_000;

/** Image ids that do not look alike, the same for the same number. */
export const imageId = (n: number): string => (n * 0x9e3779b1 + 7).toString(16).padStart(64, 'a');

/**
 * The files of docker-registry 0.9.1, as its source writes them (FACTS §4): it cannot be run any more. Refuses what the
 * registry would refuse.
 */
export class V1Files {
  readonly root = temporaryDirectory();
  /** When files are written: a day ago, unless a test says otherwise. */
  modifiedMs = Math.floor(Date.now() / 1000) * 1000 - DAY_MS;
  #images = 0;

  constructor() {
    fs.mkdirSync(join(this.root, 'images'));
    fs.mkdirSync(join(this.root, 'repositories'));
  }

  put(path: string, content: string): void {
    putFile(this.root, path, content, this.modifiedMs);
  }

  has(path: string): boolean {
    return fs.existsSync(join(this.root, path));
  }

  remove(path: string): void {
    fs.rmSync(join(this.root, path), { recursive: true });
  }

  hasImage(id: string): boolean {
    return this.has(`images/${id}/json`) && this.has(`images/${id}/layer`);
  }

  /** Pushes an image; its id. A client uploads what the registry says it has not. */
  image({ on, inProgress = false }: V1Upload = {}, id = imageId(this.#images++)): string {
    if (on !== undefined && !this.has(`images/${on}/json`)) {
      throw new Error('Image depends on a non existing parent');
    }
    const parents =
      on === undefined
        ? []
        : (JSON.parse(fs.readFileSync(join(this.root, `images/${on}/ancestry`), 'utf8')) as string[]);
    this.put(`images/${id}/json`, JSON.stringify({ id, ...(on !== undefined && { parent: on }) }));
    this.put(`images/${id}/ancestry`, JSON.stringify([id, ...parents]));
    if (inProgress) {
      this.put(`images/${id}/_inprogress`, 'true');
      return id;
    }
    this.put(`images/${id}/layer`, `the layer of ${id}`);
    this.put(`images/${id}/_checksum`, JSON.stringify([`tarsum+sha256:${id}`]));
    return id;
  }

  /** Points a tag at an image, which must be there (tags.put_tag). */
  tag(repository: string, tag: string, id: string): void {
    if (!this.has(`images/${id}/json`)) throw new Error('Image not found');
    const folder = this.folderOf(repository);
    this.put(`${folder}/tag_${tag}`, id);
    this.put(`${folder}/tag${tag}_json`, JSON.stringify({ last_update: 1_400_000_000 }));
    const index = `${folder}/_index_images`;
    const before = this.has(index)
      ? (JSON.parse(fs.readFileSync(join(this.root, index), 'utf8')) as { id: string }[])
      : [];
    this.put(index, JSON.stringify([...before, { id }]));
  }

  /** As the API deletes a tag: its two files. The index of images keeps its image (FACTS §4). */
  untag(repository: string, tag: string): void {
    const folder = this.folderOf(repository);
    this.remove(`${folder}/tag_${tag}`);
    this.remove(`${folder}/tag${tag}_json`);
  }

  /** `a/b/c` is namespace a, folder b%2Fc (toolkit.parse_repository_name, quote_plus). */
  folderOf(repository: string): string {
    const [namespace = '', ...name] = repository.includes('/')
      ? repository.split('/')
      : ['library', repository];
    return `repositories/${namespace}/${encodeURIComponent(name.join('/'))}`;
  }
}
