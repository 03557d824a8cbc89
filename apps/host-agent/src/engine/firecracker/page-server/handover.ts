import { closeSync, readFileSync, readlinkSync } from 'node:fs';
import { pollDescriptors, receiveWithDescriptors } from '@wrenn/sys';
import { HandoverFault } from './handover-fault.ts';
import { longestRegionList, parseRegions, type Region } from './regions.ts';

/** Firecracker sends both in one message as soon as it has connected. */
const handoverMs = 10_000;
const nonBlocking = 0o4000;

export interface Handover {
  readonly userfaultfd: number;
  readonly regions: readonly Region[];
}

/** Receives what a VMM hands over that restores a machine. Throws HandoverFault for what is not that. */
export function receiveHandover(connection: number, memoryBytes: number): Handover {
  if (pollDescriptors([connection], handoverMs)[0]?.isReadable !== true)
    throw new HandoverFault('nothing was handed over in time');
  const { bytes, descriptors, isTruncated } = receiveWithDescriptors(connection, longestRegionList, 2);
  try {
    const [userfaultfd, ...others] = descriptors;
    if (isTruncated) throw new HandoverFault('more was handed over than a list and a descriptor');
    if (userfaultfd === undefined || others.length > 0)
      throw new HandoverFault(`${descriptors.length} descriptors were handed over instead of one`);
    requireUserfaultfd(userfaultfd);
    return { userfaultfd, regions: parseRegions(bytes, memoryBytes) };
  } catch (thrown) {
    for (const each of descriptors) closeSync(each);
    throw thrown;
  }
}

function requireUserfaultfd(descriptor: number): void {
  if (readlinkSync(`/proc/self/fd/${descriptor}`) !== 'anon_inode:[userfaultfd]')
    throw new HandoverFault('the descriptor is not a userfaultfd');
  // One that blocks cannot be polled: the kernel reports it as an error.
  const flags = /^flags:\s+0*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
  if ((Number.parseInt(flags ?? '0', 8) & nonBlocking) === 0)
    throw new HandoverFault('the userfaultfd blocks');
}
