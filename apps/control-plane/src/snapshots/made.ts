import type { SnapshotInfo } from '@wrenn/protocol/hostagent';
import type { MadeSnapshot } from '../templates/store.ts';

/** What a host says of a snapshot, as the database keeps it. */
export function madeOf(info: SnapshotInfo): MadeSnapshot {
  return {
    vcpus: info.vcpus,
    memoryMb: info.memoryMb,
    sizeBytes: Number(info.sizeBytes),
    facts: info.metadata,
  };
}
