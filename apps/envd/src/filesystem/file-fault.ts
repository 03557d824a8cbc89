import { type ErrorCode, systemCode, WrennError } from '@wrenn/core';

const faults: Readonly<Record<string, { readonly code: ErrorCode; readonly says: string }>> = {
  ENOENT: { code: 'not_found', says: 'does not exist' },
  EEXIST: { code: 'conflict', says: 'exists already' },
  EACCES: { code: 'forbidden', says: 'permission denied' },
  EPERM: { code: 'forbidden', says: 'operation not permitted' },
  EROFS: { code: 'forbidden', says: 'is on a read-only file system' },
  ENOTDIR: { code: 'invalid_request', says: 'leads through something that is not a directory' },
  EISDIR: { code: 'invalid_request', says: 'is a directory' },
  ELOOP: { code: 'invalid_request', says: 'has too many levels of symbolic links' },
  ENAMETOOLONG: { code: 'invalid_request', says: 'is too long' },
  EINVAL: { code: 'invalid_request', says: 'is not possible there' },
  ENXIO: { code: 'invalid_request', says: 'is not a regular file' },
  ENOTEMPTY: { code: 'conflict', says: 'is not empty' },
  EBUSY: { code: 'conflict', says: 'is in use' },
  ETXTBSY: { code: 'conflict', says: 'is being executed' },
  EXDEV: { code: 'invalid_request', says: 'is on another file system' },
  EMFILE: { code: 'rate_limited', says: 'cannot be opened: too many files are open' },
  ENFILE: { code: 'rate_limited', says: 'cannot be opened: too many files are open' },
};

/** What a system call on `path` threw, as an error that a client understands. Full disks become `no_space`. */
export function fileFault(thrown: unknown, path: string, field = 'path'): WrennError {
  if (thrown instanceof WrennError) return thrown;
  const fault = faults[systemCode(thrown) ?? ''];
  if (fault === undefined) return WrennError.from(thrown, `path '${path}'`);
  return new WrennError(fault.code, `path '${path}' ${fault.says}`, { cause: thrown, field });
}
