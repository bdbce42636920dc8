import type { RegistryName } from '../oci/names.js';
import type { WindowRules } from './windows/rules.js';

/** `purge`: what has waited in quarantine for the retention goes for good, and nothing else happens. */
export const MODES = ['dry-run', 'collect', 'purge'] as const;

export type CollectionMode = (typeof MODES)[number];

/** How a registry's own `garbage-collect` is run: argument lists, never a shell. */
export interface CommandOptions {
  /** Program, `garbage-collect` and the registry's configuration; flags are added at its end. */
  readonly garbageCollect: readonly string[];
  /** Prints the registry's version. */
  readonly version: readonly string[];
  /** Stop the registry, or make it read-only. */
  readonly before: readonly (readonly string[])[];
  /** Bring it back. Run after whatever happened. */
  readonly after: readonly (readonly string[])[];
  /** Flush the caches that the registry kept, once something was deleted. */
  readonly afterwards: readonly (readonly string[])[];
  /** How long the registry may take after `before` to prove that it takes no pushes. */
  readonly proofTimeoutMs: number;
  /** The longest that one of the other commands may take. */
  readonly commandTimeoutMs: number;
}

/** What gives a registry's space back. */
export type EngineOptions =
  | { readonly kind: 'none' }
  /** `storage`: the directory that holds docker/registry/v2; `threads` read it, with 0 the main one does. */
  | { readonly kind: 'sexton'; readonly storage: string; readonly threads: number }
  /** `storage`: the directory that holds `images` and `repositories` of the old Python registry. */
  | { readonly kind: 'v1'; readonly storage: string }
  | { readonly kind: 'command'; readonly command: CommandOptions }
  | { readonly kind: 'dtr'; readonly action: 'onlinegc' | 'gc' }
  | { readonly kind: 'harbor'; readonly workers: number };

export type EngineKind = EngineOptions['kind'];

export const ENGINE_KINDS = [
  'sexton',
  'v1',
  'command',
  'dtr',
  'harbor',
  'none',
] as const satisfies EngineKind[];

/** Whether Sexton itself collects, on the registry's files: with a quarantine. */
export const hasQuarantine = (kind: string): boolean => kind === 'sexton' || kind === 'v1';

/** Whether an engine can do this: DTR's jobs only collect, and Sexton's own engines alone have a quarantine to purge. */
export const hasMode = ({ kind }: EngineOptions, mode: CollectionMode): boolean =>
  mode === 'collect' || hasQuarantine(kind) || (mode === 'dry-run' && kind !== 'dtr');

/** Whether an engine can be told to take manifests without a tag; of the old registry all images are such. */
export const collectsUntagged = ({ kind }: EngineOptions): boolean => kind !== 'dtr' && kind !== 'v1';

/** Collection of one registry; made from sexton.yaml, checked there, trusted here. */
export interface CollectionOptions {
  readonly registry: RegistryName;
  readonly engine: EngineOptions;
  readonly rules: WindowRules;
  /** Whether one runs in every window, without anybody asking. */
  readonly isAutomatic: boolean;
  /** Blobs younger than this may belong to a push under way. */
  readonly graceMs: number;
  /** How long collected blobs wait in quarantine. */
  readonly retentionMs: number;
  /** Null keeps manifests without a tag; else those go whose link is older than this. */
  readonly untaggedMinAgeMs: number | null;
  /** Minimum age where a request asks for untagged manifests and the configuration does not name one. */
  readonly untaggedDefaultMinAgeMs: number;
  readonly batchSize: number;
  /** Operations on the registry's files a second, by Sexton's own engines; null where nothing limits them. */
  readonly ioLimit: number | null;
  /** How often the healer looks for what a quarantine holds and is needed again. */
  readonly healEveryMs: number;
  /** How often a collection that runs elsewhere is looked at. */
  readonly pollEveryMs: number;
}
