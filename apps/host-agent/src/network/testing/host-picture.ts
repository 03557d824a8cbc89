import { readdir, readFile, stat } from 'node:fs/promises';
import { createLogger } from '@wrenn/service';
import { expect } from 'vitest';
import { run } from '../../process/run.ts';
import { namespaceFolder } from '../inventory.ts';
import { SlotPool } from '../slot-pool.ts';
import type { SlotRange } from '../slot-range.ts';

/** For tests: what capsules could leave on a machine's network. Other agents of the machine are left out. */

const signal = new AbortController().signal;
const bounds = { signal, timeoutMs: 30_000 };

/** A name of ours, with the index of the slot or range in it. */
const wrennName = /wrenn[-_](?:ns-|veth-?|guest-)?(\d+)/;

export interface HostPicture {
  /** As text; of what agents make, only that of the ranges looked at. */
  readonly own: Readonly<Record<string, readonly string[]>>;
  /** What all agents share; undefined while there are others, on whom it depends then. */
  readonly shared: readonly string[] | undefined;
}

export async function hostPicture(...ranges: SlotRange[]): Promise<HostPicture> {
  const isOfOthers = (text: string) => {
    const index = Number(wrennName.exec(text)?.[1]);
    return (
      !Number.isNaN(index) && !ranges.some(({ first, count }) => index >= first && index < first + count)
    );
  };
  const ofUs = (texts: string[]) => texts.filter((text) => !isOfOthers(text)).sort();
  const tables = (await print('nft', 'list', 'ruleset'))
    .split(/^(?=table )/m)
    .filter((table) => table !== '');
  const isShared = (table: string) => table.startsWith('table inet wrenn_shared');
  const others = tables.some((table) => table.startsWith('table inet wrenn_') && isOfOthers(table));
  return {
    own: {
      namespaces: ofUs(await readdir(namespaceFolder).catch(() => [])),
      links: ofUs((await print('ip', '-brief', 'link')).split('\n')),
      addresses: ofUs((await print('ip', '-oneline', 'addr')).split('\n')),
      routes: ofUs((await print('ip', 'route')).split('\n')),
      tables: ofUs(tables.filter((table) => !isShared(table))),
    },
    shared: others ? undefined : [...tables.filter(isShared), ...(await sharedState())],
  };
}

/** Fails with the difference when the machine is not as it was. */
export async function expectAsBefore(before: HostPicture, ...ranges: SlotRange[]): Promise<void> {
  const now = await hostPicture(...ranges);
  expect(now.own).toEqual(before.own);
  if (before.shared !== undefined && now.shared !== undefined) expect(now.shared).toEqual(before.shared);
}

/** Removes what an earlier run of the same test may have left, when it was ended half-way. */
export async function sweepRange(range: SlotRange): Promise<void> {
  const log = createLogger('test', 'silent');
  const pool = await SlotPool.open({ range, ready: 0, log, signal });
  await pool.sweep(new Set());
  await pool.close();
}

async function sharedState(): Promise<string[]> {
  const { mode, gid } = await stat('/dev/net/tun');
  const forwarding = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');
  return [`forwarding ${forwarding.trim()}`, `TUN device ${mode.toString(8)} ${gid}`];
}

async function print(...argv: [string, ...string[]]): Promise<string> {
  return (await run(argv, bounds)).stdout;
}
