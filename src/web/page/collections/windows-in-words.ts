import type { RegistryWindows } from '../../../public-api/openapi.js';
import { durationInWords } from '../parts/words.js';

const ALL = 7;
const named = (day: string): string => `${day.charAt(0).toUpperCase()}${day.slice(1)}`;

/** `Sat, Sun 02:00–06:00 Asia/Shanghai`, one line a window. */
export const windowsInWords = ({ windows }: RegistryWindows): readonly string[] =>
  windows.map(({ days, start, end, timezone }) => {
    const which = days.length === ALL ? 'Every day' : days.map(named).join(', ');
    return `${which} ${start}–${end} ${timezone}`;
  });

/** Whether what there is to collect fits into the window; null until a collection was measured. */
export const forecastInWords = ({ forecast }: RegistryWindows): string | null => {
  if (forecast === null) return null;
  const { blobs, estimatedSeconds, windowSeconds, fits } = forecast;
  const work = `About ${durationInWords(estimatedSeconds)} for ${blobs.toLocaleString('en')} blobs`;
  if (windowSeconds === null) return `${work}; the window never closes.`;
  const window = durationInWords(windowSeconds);
  return fits ? `${work}: fits into ${window}.` : `${work}: does not fit into ${window}; the next goes on.`;
};
