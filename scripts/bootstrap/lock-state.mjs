import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

/** @typedef {{ version?: string, resolved?: string, integrity?: string, link?: boolean, bin?: unknown, optional?: boolean, devOptional?: boolean, peer?: boolean }} LockedPackage */

/**
 * What the stamp in node_modules has to say for these dependencies to be the right ones: platform packages differ
 * between processors, so the processor is part of it.
 *
 * @param {string | Uint8Array} lockFile the contents of package-lock.json
 * @param {string} architecture
 */
export function lockHash(lockFile, architecture) {
  return createHash('sha256').update(lockFile).update('\0').update(architecture).digest('hex');
}

/**
 * Whether what npm says it installed (`node_modules/.package-lock.json`, which it writes last) is what the lock file
 * asks for. True also after someone ran `npm install` by hand, so that it is not done twice. Optional packages may
 * be absent: those of other platforms are.
 *
 * @param {unknown} wanted package-lock.json
 * @param {unknown} installed node_modules/.package-lock.json
 */
export function isInstalled(wanted, installed) {
  const want = packagesOf(wanted);
  const have = packagesOf(installed);
  if (want === undefined || have === undefined) return false;
  for (const path of Object.keys(have)) if (want[path] === undefined) return false;
  return Object.entries(want).every(([path, locked]) => {
    if (path === '') return true;
    const found = have[path];
    if (found === undefined) return isDispensable(locked);
    return (
      found.version === locked.version &&
      found.resolved === locked.resolved &&
      found.integrity === locked.integrity &&
      found.link === locked.link &&
      isDeepStrictEqual(found.bin, locked.bin)
    );
  });
}

/** @param {LockedPackage} locked */
function isDispensable(locked) {
  return locked.optional === true || locked.devOptional === true || locked.peer === true;
}

/**
 * @param {unknown} lock
 * @returns {Record<string, LockedPackage> | undefined}
 */
function packagesOf(lock) {
  if (typeof lock !== 'object' || lock === null || !('packages' in lock)) return undefined;
  const { packages } = lock;
  return typeof packages === 'object' && packages !== null
    ? /** @type {Record<string, LockedPackage>} */ (packages)
    : undefined;
}
