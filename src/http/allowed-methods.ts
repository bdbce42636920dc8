import type { Request } from 'express';

interface RouteLayer {
  readonly match: (path: string) => unknown;
  readonly route: { readonly methods: object };
}

/** Middleware has no route. */
const isRouteLayer = (layer: object): layer is RouteLayer =>
  'match' in layer &&
  typeof layer.match === 'function' &&
  'route' in layer &&
  typeof layer.route === 'object' &&
  layer.route !== null &&
  'methods' in layer.route &&
  typeof layer.route.methods === 'object';

/** The methods that Express has routes of for the request's path; none where there is nothing at all. */
export const allowedMethods = ({ app, path }: Request): readonly string[] => {
  const methods = new Set<string>();
  const layers: readonly object[] = app.router.stack;
  for (const layer of layers) {
    if (!isRouteLayer(layer) || !layer.match(path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return methods.size === 0 ? [] : [...methods, 'OPTIONS'];
};
