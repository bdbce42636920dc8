import type { Digest } from '../../../oci/digest.js';
import { recognizeImageId } from '../digest-key.js';
import type { CollectionFault } from '../fault.js';
import { listOrFault } from '../listing.js';
import { StorageFaultError, type Storage } from '../../../storage/storage.js';
import type { Totals } from '../report.js';
import { Ancestries } from './ancestries.js';
import { follow } from './follow.js';
import { readImageFolder, type ImageFolder } from './image-folder.js';
import { imageFile, imageFolder, V1_IMAGES, V1_REPOSITORIES } from './layout.js';
import { readV1Tags, type V1Tags } from './read-tags.js';

/** What was found in the files of the old Python registry. */
export interface ImagesFound {
  readonly tags: V1Tags;
  readonly ancestries: Ancestries;
  /** Every image that is there. */
  readonly images: ReadonlySet<Digest>;
  /** What the tags need, whether it is there or not. */
  readonly living: ReadonlySet<Digest>;
  /** Living ones whose layer and description are there, with the layer's bytes. */
  readonly whole: ReadonlyMap<Digest, number>;
  /** Needed by nothing, and old enough to go. */
  readonly orphans: readonly ImageFolder[];
  readonly young: Totals;
  readonly kept: Totals;
  readonly blocked: string | null;
  readonly faults: readonly CollectionFault[];
}

interface Rules {
  readonly nowMs: number;
  /** Infinity: nothing is old enough, and what no tag needs is not looked at. */
  readonly graceMs: number;
}

const EVERYTHING = { repository: null, undecided: 'everything' } as const;
const NOTHING = { repository: null, undecided: 'nothing' } as const;

/**
 * Finds what the tags need, and what of the rest may go. Images are listed first, so that one that is pushed meanwhile
 * is not among them.
 */
export const surveyImages = async (storage: Storage, { nowMs, graceMs }: Rules): Promise<ImagesFound> => {
  const faults: CollectionFault[] = [];
  const images = await listImages(storage, faults);
  const tags = await readV1Tags(storage, (path, problem) => faults.push({ path, problem, ...EVERYTHING }));
  // An unmounted or mistyped place looks like a registry whose tags are all gone; every image would be an orphan.
  if (tags.tags.length === 0) faults.push({ path: V1_REPOSITORIES, problem: 'holds no tag', ...EVERYTHING });
  const ancestries = new Ancestries(storage);
  const isThere = (image: Digest): boolean => images.has(image);
  const roots = tags.tags.map(({ image }) => image);
  const { images: living, faults: doubts } = await follow(ancestries, roots, isThere);
  faults.push(...doubts);
  const whole = await lookAtLiving(storage, living, faults);
  const rest = Number.isFinite(graceMs) ? [...images].filter((image) => !living.has(image)).sort() : [];
  const folders = await readFolders(storage, rest, faults);

  const isRecent = ({ modifiedMs }: ImageFolder): boolean => !(modifiedMs <= nowMs - graceMs);
  const isOpen = (folder: ImageFolder): boolean => folder.isInProgress || isRecent(folder);
  // A push that has not ended: its images are built on others, and no tag says so yet. One that ended long ago before
  // it said what it is built on holds nothing but itself.
  const pushed = folders.filter((folder) => isOpen(folder) && (folder.hasAncestry || isRecent(folder)));
  const underway = await follow(
    ancestries,
    pushed.map(({ image }) => image),
    isThere,
  );
  faults.push(...underway.faults);
  const orphans: ImageFolder[] = [];
  const young = { count: 0, bytes: 0 };
  const kept = { count: 0, bytes: 0 };
  for (const folder of folders) {
    const isYoung = isOpen(folder) || underway.images.has(folder.image);
    const isDoubtful = !isYoung && !isInOrder(folder, faults);
    if (!isYoung && !isDoubtful) {
      orphans.push(folder);
      continue;
    }
    const target = isYoung ? young : kept;
    target.count += 1;
    target.bytes += folder.sizeBytes;
  }
  const doubt = faults.find((fault) => fault.undecided === 'everything');
  const blocked = doubt ? `${doubt.path} ${doubt.problem}` : null;
  const all = { tags, ancestries, images, living, whole, young, faults, blocked };
  if (blocked === null) return { ...all, orphans, kept };
  for (const { sizeBytes } of orphans) {
    kept.count += 1;
    kept.bytes += sizeBytes;
  }
  return { ...all, orphans: [], kept };
};

/** Every image's folder; what is not named as the registry names images is reported and left alone. */
export const listImages = async (storage: Storage, faults: CollectionFault[]): Promise<Set<Digest>> => {
  const onFault = (path: string, problem: string): void => {
    faults.push({ path, problem, ...NOTHING });
  };
  const images = new Set<Digest>();
  for (const name of (await listOrFault(storage, V1_IMAGES, onFault)).folders) {
    const image = recognizeImageId(name);
    if (image === null) onFault(`${V1_IMAGES}/${name}`, 'is not named for an image; left alone');
    else images.add(image);
  }
  return images;
};

const lookAtLiving = async (
  storage: Storage,
  living: ReadonlySet<Digest>,
  faults: CollectionFault[],
): Promise<Map<Digest, number>> => {
  const whole = new Map<Digest, number>();
  for (const image of living) {
    let path = imageFile(image, 'json');
    try {
      const json = await storage.stat(path);
      if (json !== null) path = imageFile(image, 'layer');
      const layer = json && (await storage.stat(path));
      if (layer !== null) whole.set(image, layer.sizeBytes);
      else faults.push({ path, problem: 'is missing, and a tag needs it', ...NOTHING });
    } catch (error) {
      if (!(error instanceof StorageFaultError)) throw error;
      faults.push({ path: error.path, problem: error.problem, ...NOTHING });
    }
  }
  return whole;
};

/** A folder that cannot be looked at may be a push under way, which needs others. */
const readFolders = async (
  storage: Storage,
  images: readonly Digest[],
  faults: CollectionFault[],
): Promise<readonly ImageFolder[]> => {
  const folders: ImageFolder[] = [];
  for (const image of images) {
    try {
      const folder = await readImageFolder(storage, image);
      if (folder !== null) folders.push(folder);
    } catch (error) {
      if (!(error instanceof StorageFaultError)) throw error;
      faults.push({ path: error.path, problem: error.problem, ...EVERYTHING });
    }
  }
  return folders;
};

/** What is no image as the registry leaves one stays: nobody knows what it is. */
const isInOrder = ({ image, oddPath, hasJson }: ImageFolder, faults: CollectionFault[]): boolean => {
  if (oddPath !== null) {
    faults.push({ path: oddPath, problem: "is no file of an image's; the image is left alone", ...NOTHING });
  } else if (!hasJson) {
    faults.push({ path: imageFolder(image), problem: 'holds no json; left alone', ...NOTHING });
  }
  return oddPath === null && hasJson;
};
