import type { ExitCode } from './exit-codes.js';
export const runDelete = async (_r: string, _o: unknown): Promise<ExitCode> => 1;
