import { access, readdir, readFile, stat } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { systemCode } from '@wrenn/core';
import type { CgroupHost } from '../cgroup/cgroup-host.ts';
import { inventory } from '../network/inventory.ts';
import { wrennTables } from '../network/shared-host-state.ts';
import { slotAt } from '../network/slot.ts';
import { rangeNames, type SlotRange } from '../network/slot-range.ts';

export interface Traces {
  readonly slots: SlotRange;
  readonly cgroups: CgroupHost;
  readonly directory: string;
}

/** What is on the machine that carries the names of these slots or lies in the directory; empty when all is gone. */
export async function leftBehind(
  { slots, cgroups, directory }: Traces,
  signal: AbortSignal,
): Promise<string[]> {
  const { table, serviceLabel } = rangeNames(slots);
  const networks = [...(await inventory(slots)).values()];
  return [
    ...networks.flatMap(({ namespace, veth }) => [namespace, veth].filter((name) => name !== undefined)),
    ...(await wrennTables(signal)).filter((name) => name === table).map((name) => `nft table ${name}`),
    ...(networkInterfaces()[serviceLabel] === undefined ? [] : [`address ${serviceLabel}`]),
    ...(await cgroups.present()),
    ...(await processesOf(slots)).map((pid) => `process ${pid}`),
    ...(await loopDevicesOf(directory)),
    ...((await isThere(directory)) ? [directory] : []),
  ];
}

/** Whatever runs as a user of these slots. */
async function processesOf({ first, count }: SlotRange): Promise<number[]> {
  const [from, to] = [slotAt(first).uid, slotAt(first + count - 1).uid];
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const owner = /^\d+$/.test(name) ? (await known(stat(`/proc/${name}`)))?.uid : undefined;
    if (owner !== undefined && owner >= from && owner <= to) found.push(Number(name));
  }
  return found;
}

/** Devices whose file is in the directory, also when that was removed. */
async function loopDevicesOf(directory: string): Promise<string[]> {
  const devices = ((await known(readdir('/sys/block'))) ?? []).filter((name) => name.startsWith('loop'));
  const files = await Promise.all(
    devices.map(async (name) => await known(readFile(`/sys/block/${name}/loop/backing_file`, 'utf8'))),
  );
  return devices.filter((_, index) => files[index]?.startsWith(`${directory}/`));
}

async function isThere(path: string): Promise<boolean> {
  return (await known(access(path).then(() => true))) ?? false;
}

/** Undefined for what is gone, maybe just now. */
async function known<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (thrown) {
    if (['ENOENT', 'ESRCH'].includes(systemCode(thrown) ?? '')) return undefined;
    throw thrown;
  }
}
