import { closeSync, openSync } from 'node:fs';
import { connectUnix, openPipe, sendWithDescriptors } from '@wrenn/sys';
import { type GuestRegion, guestPageBytes } from './memory-task.ts';

/** What is sent instead of what Firecracker sends. */
export interface OddHandover {
  /** Instead of the list of regions. */
  readonly text?: string;
  /** Instead of the one userfaultfd. */
  readonly descriptors?: 'none' | 'pipe' | 'file' | 'userfaultfd twice';
}

/**
 * Sends memory to a page server as Firecracker does: one message with the regions as JSON and the userfaultfd beside it
 * (docs/snapshotting/handling-page-faults-on-snapshot-resume.md of its repository). Returns the connection, which
 * Firecracker keeps open for as long as it lives.
 */
export function handOver(
  socketPath: string,
  regions: readonly GuestRegion[],
  userfaultfd: number,
  odd: OddHandover = {},
): number {
  const connection = connectUnix(socketPath);
  const others = otherDescriptors(odd, userfaultfd);
  try {
    const bytes = Buffer.from(odd.text ?? regionList(regions));
    const sent = sendWithDescriptors(connection, bytes, others?.sent ?? [userfaultfd]);
    for (let at = sent; at < bytes.length; ) at += sendWithDescriptors(connection, bytes.subarray(at), []);
    return connection;
  } catch (thrown) {
    closeSync(connection);
    throw thrown;
  } finally {
    for (const each of others?.own ?? []) closeSync(each);
  }
}

/** Addresses are written as they are, which JSON.stringify cannot do beyond 2^53. */
function regionList(regions: readonly GuestRegion[]): string {
  const list = regions.map(
    ({ address, length, offset }) =>
      `{"base_host_virt_addr":${address},"size":${length},"offset":${offset},"page_size":${guestPageBytes},"page_size_kib":${guestPageBytes}}`,
  );
  return `[${list.join(',')}]`;
}

function otherDescriptors(
  { descriptors }: OddHandover,
  userfaultfd: number,
): { readonly sent: readonly number[]; readonly own: readonly number[] } | undefined {
  if (descriptors === undefined) return undefined;
  switch (descriptors) {
    case 'none':
      return { sent: [], own: [] };
    case 'userfaultfd twice':
      return { sent: [userfaultfd, userfaultfd], own: [] };
    case 'file': {
      const fd = openSync('/dev/zero', 'r');
      return { sent: [fd], own: [fd] };
    }
    case 'pipe': {
      const { read, write } = openPipe();
      return { sent: [read], own: [read, write] };
    }
  }
}
