import type { RegistryName } from '../../oci/names.js';
import type { StorageAt } from '../engines/sexton/open-storage.js';
import type { CollectionOptions } from '../collection-options.js';

/** Nest token of every registry's `CollectionOptions`. */
export const COLLECTION_OPTIONS = Symbol('COLLECTION_OPTIONS');

export type AllOptions = ReadonlyMap<RegistryName, CollectionOptions>;

/** Nest token of the time, in milliseconds since 1970. */
export const CLOCK = Symbol('CLOCK');

export type Clock = () => number;

/** Nest token of where each registry's files are; null where Sexton does not collect them itself. */
export const STORAGES = Symbol('STORAGES');

export type Storages = (registry: RegistryName) => StorageAt | null;
