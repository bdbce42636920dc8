/** Numbers and times as people read them. */
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export const bytesInWords = (bytes: number): string => {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${value.toLocaleString('en', { maximumFractionDigits: power === 0 || value >= 100 ? 0 : 1 })} ${UNITS[power]}`;
};

/** `1 tag`, `2 tags`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** `awaiting_approval` as `awaiting approval`. */
export const spaced = (code: string): string => code.replaceAll('_', ' ');

/** `sha256:` and twelve characters: enough to tell apart what one looks at. */
export const shortDigest = (digest: string): string => {
  const [algorithm = '', hex = ''] = digest.split(':');
  return hex === '' ? digest : `${algorithm}:${hex.slice(0, 12)}`;
};

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** `3 hours ago`; of what lies further back than two weeks, the day. */
export const agoInWords = (iso: string, now: number): string => {
  const seconds = (Date.parse(iso) - now) / 1000;
  const [unit, length] = STEPS.find(([, of]) => Math.abs(seconds) >= of) ?? ['second', 1];
  if (unit === 'day' && Math.abs(seconds) > 14 * 86_400) return iso.slice(0, 10);
  return Math.abs(seconds) < 10 ? 'just now' : relative.format(Math.round(seconds / length), unit);
};

const LONGEST_NAME = 32;

/** A long tag, such as `sha256-<hex>.sig`, with its middle left out: both ends tell it apart. */
export const shortName = (name: string): string =>
  name.length > LONGEST_NAME ? `${name.slice(0, 18)}…${name.slice(-10)}` : name;

/** Seconds as `2 h 5 min`. */
export const durationInWords = (seconds: number): string => {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
};
