import { StorageFaultError } from './storage.js';

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

/** Nothing there is null; whatever else went wrong is a fault that names the path. */
export const absentOrFault = (path: string, error: unknown): null => {
  if (error instanceof StorageFaultError) throw error;
  const code = codeOf(error);
  if (code === 'ENOENT') return null;
  throw new StorageFaultError(path, code === 'ELOOP' ? 'is a symbolic link' : code, { cause: error });
};

export const notAFolder = (path: string): StorageFaultError =>
  new StorageFaultError(path, 'is not a folder (a link is never followed)');
