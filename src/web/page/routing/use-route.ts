import { useEffect, useState } from 'preact/hooks';
import { parseRoute, type Route } from './route.js';

/** The route of the address bar, as it changes. */
export const useRoute = (): Route => {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = (): void => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return parseRoute(hash);
};

export const goTo = (href: string): void => {
  location.hash = href;
};
