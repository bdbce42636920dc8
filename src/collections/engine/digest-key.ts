import { createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.js';

/** A digest's key: 32 bytes, as eight words. */
export const KEY_WORDS = 8;
const KEY_BYTES = KEY_WORDS * 4;

const NARROW_PREFIX = 'sha256:';
const WIDE = /^sha512:[a-f0-9]{128}$/;
const scratch = Buffer.alloc(KEY_BYTES);

/** Writes the 32 bytes that 64 lower-case hex digits say to `bytes`; false for any other text. Faster than a pattern. */
const writeHex = (hex: string, bytes: Buffer, at: number): boolean =>
  hex.length === KEY_BYTES * 2 &&
  bytes.write(hex, at, KEY_BYTES, 'hex') === KEY_BYTES &&
  hex === hex.toLowerCase();

let wideScratch = scratch;

/**
 * The same of many at once, one key after the other: a folder's names in one call take a fifth of what they take one by
 * one (80 and 400 ns each). False, with anything written, unless all of them are such digits.
 */
const writeHexes = (hexes: readonly string[], bytes: Buffer, at: number): boolean => {
  for (const hex of hexes) if (hex.length !== KEY_BYTES * 2) return false;
  const text = hexes.join('');
  const length = hexes.length * KEY_BYTES;
  return bytes.write(text, at, length, 'hex') === length && text === text.toLowerCase();
};

const areHex = (hexes: readonly string[]): boolean => {
  const length = hexes.length * KEY_BYTES;
  if (wideScratch.length < length) wideScratch = Buffer.alloc(length * 2);
  return writeHexes(hexes, wideScratch, 0);
};

/**
 * The digest if `text` is one. The same grammar as oci/digest.ts (a test holds them together), without its schema:
 * this runs a hundred thousand times a run, in every worker, and loading the schema alone costs 45 ms.
 */
export const recognizeDigest = (text: string): Digest | null =>
  (text.startsWith(NARROW_PREFIX) && writeHex(text.slice(NARROW_PREFIX.length), scratch, 0)) ||
  WIDE.test(text)
    ? (text as Digest)
    : null;

/** As `recognizeDigest`, of many. */
export const recognizeDigests = (texts: readonly string[]): readonly (Digest | null)[] =>
  areNarrow(texts) ? (texts as readonly Digest[]) : texts.map(recognizeDigest);

const areNarrow = (texts: readonly string[]): boolean =>
  texts.every((text) => text.startsWith(NARROW_PREFIX)) &&
  areHex(texts.map((text) => text.slice(NARROW_PREFIX.length)));

/** The digests of `hexes` where all are of sha256; null otherwise. */
export const digestsNamed = (algorithm: string, hexes: readonly string[]): readonly Digest[] | null =>
  algorithm === 'sha256' && areHex(hexes) ? hexes.map((hex) => `sha256:${hex}` as Digest) : null;

const V1_ID = 'v1id:';
const IMAGE_ID = /^(?:[a-f0-9]{64}|[a-f0-9]{16})$/;

/** An image id of the old Python registry as a digest, `v1id:<id>`; null for any other text. As in oci/digest.ts. */
export const recognizeImageId = (text: string): Digest | null =>
  IMAGE_ID.test(text) ? (`${V1_ID}${text}` as Digest) : null;

/** The image id in `v1id:<id>`; null for any other text. */
export const imageIdIn = (text: string): string | null =>
  text.startsWith(V1_ID) && recognizeImageId(text.slice(V1_ID.length)) !== null
    ? text.slice(V1_ID.length)
    : null;

/** A digest too long to be its own key: the key is the sha256 of its text, and whoever stores it keeps the text too. */
export const isWide = (digest: Digest): boolean => digest.charCodeAt(3) === 0x35; // sha5…

/** The bytes that `words` lie on. */
export const bytesOf = (words: Int32Array): Buffer =>
  Buffer.from(words.buffer, words.byteOffset, words.byteLength);

export const writeKey = (digest: Digest, words: Int32Array, at: number, bytes = bytesOf(words)): void => {
  if (isWide(digest))
    createHash('sha256')
      .update(digest)
      .digest()
      .copy(bytes, at * 4);
  else bytes.write(digest.slice(7), at * 4, KEY_BYTES, 'hex');
};

/** The keys of all `digests`, one after the other from `at`. */
export const writeKeys = (
  digests: readonly Digest[],
  words: Int32Array,
  at: number,
  bytes = bytesOf(words),
): void => {
  if (digests.some(isWide)) {
    for (const [i, digest] of digests.entries()) writeKey(digest, words, at + i * KEY_WORDS, bytes);
  } else {
    const hexes = digests.map((digest) => digest.slice(NARROW_PREFIX.length));
    bytes.write(hexes.join(''), at * 4, digests.length * KEY_BYTES, 'hex');
  }
};

/** The sha256 digest whose key is at `at`. */
export const keyOf = (words: Int32Array, at: number): Digest =>
  `sha256:${bytesOf(words).toString('hex', at * 4, at * 4 + KEY_BYTES)}` as Digest;

/** Many digests in one array. `wide` holds the text of those that are too long to be their own key. */
export interface PackedDigests {
  readonly words: Int32Array;
  readonly wide: readonly Digest[];
}

export class DigestPacker {
  #words = new Int32Array();
  #bytes = bytesOf(this.#words);
  #length = 0;
  readonly #wide: Digest[] = [];

  push(digest: Digest): void {
    if (!isWide(digest)) {
      this.pushHex(digest.slice(7));
      return;
    }
    this.#reserve();
    writeKey(digest, this.#words, this.#length);
    this.#length += KEY_WORDS;
    this.#wide.push(digest);
  }

  pushAll(digests: readonly Digest[]): void {
    const hexes = digests.some(isWide) ? null : digests.map((digest) => digest.slice(NARROW_PREFIX.length));
    if (hexes === null || !this.pushAllNamed('sha256', hexes))
      for (const digest of digests) this.push(digest);
  }

  /** A sha256 by its hex digits alone; false where they are not 64 lower-case ones. */
  pushHex(hex: string): boolean {
    this.#reserve();
    const isDigest = writeHex(hex, this.#bytes, this.#length * 4);
    if (isDigest) this.#length += KEY_WORDS;
    return isDigest;
  }

  /** Many by the names of their folders; false, and none of them is taken, unless all are of sha256. */
  pushAllNamed(algorithm: string, hexes: readonly string[]): boolean {
    this.#reserve(hexes.length * KEY_WORDS);
    const areDigests = algorithm === 'sha256' && writeHexes(hexes, this.#bytes, this.#length * 4);
    if (areDigests) this.#length += hexes.length * KEY_WORDS;
    return areDigests;
  }

  /** A digest by the names of its folders; false where they name none. */
  pushNamed(algorithm: string, hex: string): boolean {
    if (algorithm === 'sha256') return this.pushHex(hex);
    const digest = recognizeDigest(`${algorithm}:${hex}`);
    if (digest !== null) this.push(digest);
    return digest !== null;
  }

  packed(): PackedDigests {
    return { words: this.#words.subarray(0, this.#length), wide: this.#wide };
  }

  #reserve(words = KEY_WORDS): void {
    const length = this.#length + words;
    if (length <= this.#words.length) return;
    const grown = new Int32Array(Math.max(this.#words.length * 2, length));
    grown.set(this.#words);
    this.#words = grown;
    this.#bytes = bytesOf(grown);
  }
}

export const packDigests = (digests: Iterable<Digest>): PackedDigests => {
  const packer = new DigestPacker();
  packer.pushAll([...digests]);
  return packer.packed();
};

/** `packed` in parts of `size` digests, over the same memory. Those with a text of their own keep all of it: few have. */
export function* partsOf({ words, wide }: PackedDigests, size: number): Generator<PackedDigests> {
  for (let at = 0; at < words.length; at += size * KEY_WORDS) {
    yield { words: words.subarray(at, at + size * KEY_WORDS), wide };
  }
}

/** The digests of `packed`, in their order. */
export const unpackDigests = ({ words, wide }: PackedDigests): Digest[] => {
  const bytes = bytesOf(words);
  const texts = new Map(wide.map((digest) => [keyOf(packDigests([digest]).words, 0), digest]));
  const digests: Digest[] = [];
  for (let at = 0; at < bytes.length; at += KEY_BYTES) {
    const narrow = `sha256:${bytes.toString('hex', at, at + KEY_BYTES)}` as Digest;
    digests.push((texts.size > 0 && texts.get(narrow)) || narrow);
  }
  return digests;
};
