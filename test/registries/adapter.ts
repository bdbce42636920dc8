import { SextonError } from '../../src/errors/sexton-error.js';
import { parseRepositoryName } from '../../src/oci/names.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { registryOptions } from '../support/registry-options.js';

export const APP = parseRepositoryName('team-a/app');

/** An adapter's options with short waits, for a registry at `url`. */
export const optionsFor = (url: string, options: Partial<RegistryOptions> = {}): RegistryOptions =>
  registryOptions('prod', url, { attempts: 3, ...options });

export const never = (): AbortSignal => new AbortController().signal;

/** The code with which the call fails; `none` when it does not. */
export const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (error instanceof SextonError) return error.code;
    throw error;
  }
};
