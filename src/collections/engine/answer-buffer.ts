/** A buffer larger than this is not kept for another answer. */
const KEPT_BYTES = 4 * 1024 * 1024;
const STEP_BYTES = 64 * 1024;
const ALIGNED_BYTES = 8;

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNED_BYTES) * ALIGNED_BYTES;

const isNumbers = (value: unknown): value is Int32Array | Float64Array =>
  value instanceof Int32Array || value instanceof Float64Array;

const bytesIn = (value: unknown): number => {
  if (isNumbers(value)) return aligned(value.byteLength);
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 0;
  for (const inner of Object.values(value)) bytes += bytesIn(inner);
  return bytes;
};

/**
 * The answer with all its arrays in one buffer, `spare` if that has room for them: handed over as one instead of five
 * for each repository, and sent back for another answer. Left to the garbage collectors, the buffers of a large store
 * came to a hundred megabytes.
 */
export const gather = <T>(answer: T, spare: ArrayBuffer | null): { answer: T; buffer: ArrayBuffer } => {
  const bytes = bytesIn(answer);
  const isRoomy = spare !== null && spare.byteLength >= bytes;
  const buffer = isRoomy ? spare : new ArrayBuffer(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
  let at = 0;
  const copyOf = <N extends Int32Array | Float64Array>(copy: N, from: N): N => {
    copy.set(from);
    at += aligned(from.byteLength);
    return copy;
  };
  const moved = (value: unknown): unknown => {
    if (value instanceof Int32Array) return copyOf(new Int32Array(buffer, at, value.length), value);
    if (value instanceof Float64Array) return copyOf(new Float64Array(buffer, at, value.length), value);
    if (Array.isArray(value)) return value.map(moved);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, moved(inner)]));
  };
  // Of the same shape, since only arrays were replaced, by equal ones.
  return { answer: moved(answer) as T, buffer };
};

/** Whether a buffer is worth sending back. */
export const isSpare = (buffer: ArrayBuffer): boolean =>
  buffer.byteLength > 0 && buffer.byteLength <= KEPT_BYTES;
