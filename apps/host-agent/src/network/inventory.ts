import { readdir, readFile } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';
import { indexInName, type SlotRange } from './slot-range.ts';

/** Where iproute2 keeps the names of network namespaces. */
export const namespaceFolder = '/run/netns';

/** What there is on the machine of a slot, whoever made it. */
export interface SlotRemains {
  readonly index: number;
  readonly namespace: string | undefined;
  readonly veth: string | undefined;
}

/** Everything on the machine that carries the name of a capsule's slot of this range, by index. */
export async function inventory(range: SlotRange): Promise<Map<number, SlotRemains>> {
  const found = new Map<number, SlotRemains>();
  for (const namespace of await namespaceNames()) {
    const index = indexInName(range, namespace);
    if (index !== undefined && namespace.includes('-ns-'))
      found.set(index, { index, namespace, veth: undefined });
  }
  for (const veth of await interfaceNames()) {
    const index = indexInName(range, veth);
    if (index !== undefined) found.set(index, { index, namespace: found.get(index)?.namespace, veth });
  }
  return found;
}

async function namespaceNames(): Promise<string[]> {
  try {
    return await readdir(namespaceFolder);
  } catch (thrown) {
    // The folder is made with the first namespace after a boot.
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

/** Of the namespace that this process is in; /sys would show the one it was mounted in. */
export async function interfaceNames(): Promise<string[]> {
  const table = await readFile('/proc/self/net/dev', 'utf8');
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, line.indexOf(':')).trim())
    .filter((name) => name !== '');
}
