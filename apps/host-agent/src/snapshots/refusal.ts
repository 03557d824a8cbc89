import { systemCode, WrennError } from '@wrenn/core';

/** Of a snapshot one part of which is not as it was. */
export function refused(id: string, part: string, path: string, why: string, cause?: unknown): WrennError {
  return new WrennError('snapshot_refused', `snapshot ${id} cannot be restored: ${part} ${path}: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    remedy: 'put the file back as it was; nothing was started or deleted',
  });
}

export function faultOf(thrown: unknown): string {
  if (systemCode(thrown) === 'ENOENT') return 'it is missing';
  return thrown instanceof Error ? thrown.message : String(thrown);
}
