import { z } from 'zod';

const LONGEST = 2_000;
const urlOf = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

/** Below 1024 only where HTTP is served: no webhook speaks to a mail, name or file server. */
const isPort = (port: string): boolean =>
  port === '' || port === '80' || port === '443' || Number(port) >= 1024;

/** Where notices go, in the form that the URL standard gives it: `http://0x7f.1` becomes `http://127.0.0.1/`. */
export const webhookUrlSchema = z
  .string()
  .max(LONGEST)
  .refine((text) => /^https?:\/\//i.test(text) && urlOf(text) !== null, {
    error: 'must be an http:// or https:// URL',
    abort: true,
  })
  .refine((text) => !urlOf(text)?.username && !urlOf(text)?.password, {
    error: 'must not hold a user or a password: what is sent is signed',
  })
  .refine((text) => !urlOf(text)?.hash, { error: 'must not hold a fragment, which is never sent' })
  .refine((text) => isPort(urlOf(text)?.port ?? ''), { error: 'must name port 80, 443, or one from 1024 on' })
  .transform((text) => new URL(text).href)
  .refine((href) => href.length <= LONGEST, { error: `must have at most ${LONGEST} characters, encoded` });

/** Scheme, host and port: what the audit log and the logs show of a URL, whose path may be a secret itself. */
export const originOf = (url: string): string => new URL(url).origin;
