import { SextonError } from '../../errors/sexton-error.js';
import type { ErrorCode } from '../../errors/codes.js';
import { registryError } from '../v2/errors.js';
import type { Dialect } from '../upstream/upstream.js';
import type { UpstreamResponse } from '../upstream/transport.js';

/** 412 is three refusals, told apart by the code in the body (FACTS §3). */
const PRECONDITIONS: Readonly<Record<string, { readonly code: ErrorCode; readonly because: string }>> = {
  PRECONDITION: {
    code: 'immutable_tag',
    because: 'an immutability rule of the project protects the tag, or a tag on the manifest',
  },
  VIOLATE_FOREIGN_KEY_CONSTRAINT: {
    code: 'still_referenced',
    because: 'another artifact, such as an index, refers to the manifest',
  },
  PROJECTPOLICYVIOLATION: {
    code: 'pull_blocked',
    because: "the project's policy keeps the image from being pulled",
  },
};

const explain = (response: UpstreamResponse, registry: string): SextonError | null => {
  const error = registryError(response);
  if (error === null) return null;
  switch (response.status) {
    case 412: {
      const refusal = PRECONDITIONS[error.code];
      return refusal
        ? new SextonError(refusal.code, { detail: `Registry ${registry} refuses: ${refusal.because}` })
        : null;
    }
    case 403:
      // The same code also says "over quota"; only the words tell (src/server/middleware/readonly).
      return error.code === 'DENIED' && /read.?only/i.test(error.message)
        ? new SextonError('registry_read_only', {
            detail: `Registry ${registry} is in read-only mode, which Harbor's system settings switch off ("Repository Read Only")`,
          })
        : null;
    case 405:
      return new SextonError('upstream_error', {
        detail: `Registry ${registry} does not take this for a project of this kind; nothing can be pushed to a proxy cache`,
      });
    default:
      return null;
  }
};

/**
 * Harbor takes a request without credentials for an anonymous one and answers it with what is public, so Basic goes
 * with every request. Robot accounts, `robot$name`, are plain user names here. No cookie is ever kept: one would switch
 * its CSRF protection on (FACTS §3).
 */
export const HARBOR: Dialect = { credentialsFirst: true, explain };
