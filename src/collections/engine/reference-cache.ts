import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { Digest } from '../../oci/digest.js';
import { recognizeDigest } from './digest-key.js';
import { RecordPacker } from './manifest-records.js';
import { FLAG, ReferenceGraph } from './reference-graph.js';
import { A_TURN, NO_TURNS, type Turn } from './turns.js';

/**
 * What manifests refer to, remembered between runs: a manifest's bytes are named by their digest, so this never ages.
 *
 *   "sexton references 2\n" · words of records · text of wide digests, a line each · footer
 *
 * The footer is the number of words, the number of bytes of text, and the sha256 of all before it. What is not whole,
 * or not ours alone to write, is not believed: a wrong memory could call a living blob dead.
 */
const MAGIC = Buffer.from('sexton references 2\n');
const FOOTER_BYTES = 8 + 8 + 32;
/** Enough to be fast, and few enough to be learned within a millisecond. */
const CHUNK_WORDS = 32 * 1024;

/** What is known of manifests, from run to run: in this process, and in a file where there is a path for one. */
export class ReferenceMemory {
  #graph: ReferenceGraph | null = null;

  constructor(private readonly path: string | null) {}

  /** The graph for another run; the one given before is taken back. */
  async recall(turn: Turn = NO_TURNS): Promise<ReferenceGraph> {
    this.#graph = await (this.#graph?.renew(turn) ?? loadReferences(this.path, turn));
    return this.#graph;
  }

  /** Keeps what the last run learned. Without it the next run only takes longer: throws what writing the file throws. */
  async keep(turn: Turn = NO_TURNS): Promise<void> {
    if (this.path === null || !this.#graph || this.#graph.newManifests === 0) return;
    await saveReferences(this.path, this.#graph, turn);
    this.#graph.newManifests = 0;
  }
}

/** A graph that knows what the cache remembers; an empty one where there is no cache to believe. */
const loadReferences = async (path: string | null, turn: Turn): Promise<ReferenceGraph> => {
  const graph = new ReferenceGraph();
  if (path === null) return graph;
  let handle: number;
  try {
    handle = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW);
  } catch {
    return graph;
  }
  try {
    const sections = await checkWhole(handle, turn);
    if (sections) await learnFrom(handle, graph, sections, turn);
    graph.newManifests = 0;
  } finally {
    fs.closeSync(handle);
  }
  return graph;
};

interface Sections {
  readonly words: number;
  readonly textBytes: number;
}

const checkWhole = async (handle: number, turn: Turn): Promise<Sections | null> => {
  const facts = fs.fstatSync(handle);
  const bodyBytes = facts.size - FOOTER_BYTES;
  const isOurs = facts.isFile() && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0;
  if (!isOurs || bodyBytes < MAGIC.length) return null;
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_WORDS * 4);
  for (let at = 0; at < bodyBytes;) {
    const read = fs.readSync(handle, chunk, 0, Math.min(chunk.length, bodyBytes - at), at);
    if (read === 0) return null;
    if (at === 0 && !chunk.subarray(0, MAGIC.length).equals(MAGIC)) return null;
    hash.update(chunk.subarray(0, read));
    at += read;
    await turn();
  }
  const footer = Buffer.alloc(FOOTER_BYTES);
  fs.readSync(handle, footer, 0, FOOTER_BYTES, bodyBytes);
  const words = Number(footer.readBigUInt64LE(0));
  const textBytes = Number(footer.readBigUInt64LE(8));
  const isWhole =
    footer.subarray(16).equals(hash.digest()) && MAGIC.length + words * 4 + textBytes === bodyBytes;
  return isWhole ? { words, textBytes } : null;
};

const learnFrom = async (
  handle: number,
  graph: ReferenceGraph,
  { words, textBytes }: Sections,
  turn: Turn,
): Promise<void> => {
  const text = Buffer.alloc(textBytes);
  fs.readSync(handle, text, 0, textBytes, MAGIC.length + words * 4);
  const wide = text
    .toString('latin1')
    .split('\n')
    .map(recognizeDigest)
    .filter((digest) => digest !== null);
  let chunk = new Int32Array(Math.min(CHUNK_WORDS, words));
  let held = 0;
  for (let next = 0; next < words || held > 0;) {
    const bytes = Buffer.from(chunk.buffer, held * 4, Math.min(chunk.length - held, words - next) * 4);
    if (bytes.length > 0) fs.readSync(handle, bytes, 0, bytes.length, MAGIC.length + next * 4);
    next += bytes.length / 4;
    held += bytes.length / 4;
    const learned = graph.learn({ words: chunk, wide }, held);
    if (learned === 0 && next >= words) return;
    // A record larger than the chunk: make room for it.
    const room = learned === 0 ? new Int32Array(chunk.length * 2) : chunk;
    room.set(chunk.subarray(learned, held));
    chunk = room;
    held -= learned;
    await turn();
  }
};

/** Remembers every manifest that this run met; written beside the file and renamed, so that no half of one is read. */
const saveReferences = async (path: string, graph: ReferenceGraph, turn: Turn): Promise<void> => {
  fs.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  const handle = fs.openSync(beside, 'w', 0o600);
  const hash = createHash('sha256');
  const put = (bytes: Uint8Array): void => {
    hash.update(bytes);
    fs.writeSync(handle, bytes);
  };
  try {
    put(MAGIC);
    const { words, wide } = await putRecords(graph, put, turn);
    const text = Buffer.from(wide.join('\n'), 'latin1');
    put(text);
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeBigUInt64LE(BigInt(words), 0);
    footer.writeBigUInt64LE(BigInt(text.length), 8);
    hash.digest().copy(footer, 16);
    fs.writeSync(handle, footer);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(beside, path);
};

const RECORDS_A_WRITE = 200;

const putRecords = async (
  graph: ReferenceGraph,
  put: (bytes: Uint8Array) => void,
  turn: Turn,
): Promise<{ words: number; wide: readonly Digest[] }> => {
  const wide = new Set<Digest>();
  let words = 0;
  let packer = new RecordPacker();
  let packed = 0;
  const flush = (): void => {
    const records = packer.packed();
    put(new Uint8Array(records.words.buffer, 0, records.words.byteLength));
    words += records.words.length;
    for (const digest of records.wide) wide.add(digest);
    packer = new RecordPacker();
    packed = 0;
  };
  for (let index = 0; index < graph.table.size; index++) {
    if (index % A_TURN === 0) await turn();
    if (!graph.knows(index) || !graph.has(index, FLAG.reached) || graph.has(index, FLAG.doubted)) continue;
    packer.pushNumbered(graph.table, graph.numbered(index));
    if (++packed < RECORDS_A_WRITE) continue;
    flush();
    await turn();
  }
  flush();
  return { words, wide: [...wide] };
};
