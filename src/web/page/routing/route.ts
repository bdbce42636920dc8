/**
 * Where in the page one is: what stands behind `#` in the address bar, such as `#/audit?action=target.deleted`. It is
 * never sent to the server, so that no proxy's log has what somebody looked for.
 */
export interface Route {
  /** Never empty: the first is the section. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export const START: Route = { path: ['deletions'], query: {} };

export const parseRoute = (hash: string): Route => {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return START;
  return { path: parts.map(decoded), query: Object.fromEntries(new URLSearchParams(query)) };
};

/** An empty value is left out: the address has only what narrows. */
export const hrefOf = (path: readonly string[], query: Readonly<Record<string, string>> = {}): string => {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const search = new URLSearchParams(given).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${search === '' ? '' : `?${search}`}`;
};

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};
