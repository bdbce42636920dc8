const KEY = /sxt_[A-Za-z0-9_-]{8,}/g;

/** Text of an error without any API key, also one that somebody put on the command line, and without the token in use. */
export const withoutKeys = (text: string, env: NodeJS.ProcessEnv = process.env): string => {
  const inUse = env['SEXTON_KEY']?.trim();
  const hidden = inUse ? text.replaceAll(inUse, '…') : text;
  return hidden.replaceAll(KEY, 'sxt_…');
};
