import { z } from 'zod';

export const urlOrNull = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

/** An address of another server. */
export const httpUrl = z.string().refine(
  (text) => {
    const url = urlOrNull(text);
    return (
      url !== null &&
      (url.protocol === 'https:' || url.protocol === 'http:') &&
      !url.username &&
      !url.password
    );
  },
  { error: 'must be an http:// or https:// URL without user or password (use credentials)', abort: true },
);
