import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@wrenn/service';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../process/run.ts';
import { inventory } from './inventory.ts';
import { wrennTables } from './shared-host-state.ts';
import { guest, type Slot, slotAt } from './slot.ts';
import { SlotPool } from './slot-pool.ts';
import { expectAsBefore, type HostPicture, hostPicture, sweepRange } from './testing/host-picture.ts';

const log = createLogger('test', 'silent');
const signal = new AbortController().signal;
const range = { first: 30_000, count: 6 };
const otherRange = { first: 30_100, count: 3 };
const asBefore = () => expectAsBefore(before, range, otherRange);

let before: HostPicture;
beforeAll(async () => {
  await sweepRange(range);
  await sweepRange(otherRange);
  before = await hostPicture(range, otherRange);
});
afterAll(async () => {
  await sweepRange(range);
  await sweepRange(otherRange);
});

const pools: SlotPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

async function openPool(ready: number, of = range): Promise<SlotPool> {
  const pool = await SlotPool.open({ range: of, ready, log, signal });
  pools.push(pool);
  return pool;
}

/** Ends all that a test has left owned. */
async function releaseAll(pool: SlotPool, slots: readonly Slot[]): Promise<void> {
  for (const slot of slots) await pool.release(slot);
}

async function inNamespace(slot: Slot, ...argv: [string, ...string[]]): Promise<string> {
  const enter = ['nsenter', `--net=/run/netns/${slot.namespace}`, ...argv] as const;
  return (await run(enter, { signal, timeoutMs: 20_000 })).stdout;
}

describe('SlotPool', () => {
  it('leaves the machine as it was', async () => {
    const pool = await openPool(2);
    const slots = await Promise.all([pool.acquire(signal), pool.acquire(signal), pool.acquire(signal)]);
    await releaseAll(pool, slots);
    await pool.close();
    await asBefore();
  });

  it('gives every guest the same surroundings', async () => {
    const pool = await openPool(0);
    const slot = await pool.acquire(signal);
    const tap = await inNamespace(slot, 'ip', '-d', 'addr', 'show', guest.tap);
    expect(tap).toContain('qlen 5000');
    expect(tap).toContain(guest.gatewayMac.toLowerCase());
    expect(tap).toContain(`inet ${guest.gateway}/30`);
    expect(tap).toContain(`user ${slot.uid} group ${slot.gid}`);
    expect(tap).not.toContain('inet6');
    expect(await inNamespace(slot, 'ip', 'route')).toContain(`default via ${slot.vethAddress} dev eth0`);
    expect(await inNamespace(slot, 'cat', '/proc/sys/net/ipv4/ip_forward')).toBe('1\n');
    await pool.release(slot);
  });

  it("lets the slot's own user attach to the TAP, and no other", async () => {
    const pool = await openPool(0);
    const slot = await pool.acquire(signal);
    const attachAs = async (uid: number): Promise<number | null> => {
      // QEMU without a machine: it opens the TAP as it does for one, answers its monitor and quits.
      const argv = [
        ...[`--net=/run/netns/${slot.namespace}`, 'setpriv', `--reuid=${uid}`, `--regid=${slot.gid}`],
        ...[
          '--clear-groups',
          '--no-new-privs',
          'qemu-system-x86_64',
          '-M',
          'none',
          '-nodefaults',
          '-display',
          'none',
        ],
        ...['-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no', '-monitor', 'stdio'],
      ];
      const child = spawn('nsenter', argv, { stdio: ['pipe', 'ignore', 'ignore'] });
      child.stdin.on('error', () => undefined);
      child.stdin.end('quit\n');
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    };
    expect(await attachAs(slot.uid)).toBe(0);
    expect(await attachAs(slot.uid + 1)).toBe(1);
    await pool.release(slot);
  });

  it('gives each waiter a slot of its own until the range is used up, and then says so', async () => {
    const pool = await openPool(2);
    const slots = await Promise.all(Array.from({ length: pool.capacity }, () => pool.acquire(signal)));
    expect(new Set(slots.map(({ index }) => index)).size).toBe(5);
    await expect(pool.acquire(signal)).rejects.toMatchObject({ code: 'no_hosts_available' });
    await releaseAll(pool, slots);
    const next = await pool.acquire(signal);
    await pool.release(next);
  });

  it('serves who waits from a slot that is just being given back', async () => {
    const pool = await openPool(0, { first: 30_000, count: 2 });
    const only = await pool.acquire(signal);
    const released = pool.release(only);
    const again = await pool.acquire(signal);
    await released;
    expect(again.index).toBe(only.index);
    await pool.release(again);
  });

  it('makes a slot for nobody else when the one who waited has gone', async () => {
    const pool = await openPool(0);
    const leaving = new AbortController();
    const waiting = pool.acquire(leaving.signal);
    leaving.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    const slot = await pool.acquire(signal);
    expect(slot.index).toBe(30_001);
    await pool.release(slot);
  });

  it('leaves nothing when it cannot be opened', async () => {
    const stopped = AbortSignal.abort(new Error('told to stop'));
    await expect(SlotPool.open({ range, ready: 1, log, signal: stopped })).rejects.toThrow('told to stop');
    await asBefore();
  });

  it('refuses to take back what it has not given', async () => {
    const pool = await openPool(0);
    await expect(pool.release(slotAt(30_003))).rejects.toThrow(RangeError);
    await expect(pool.adopt(30_003)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does not disturb another range on the machine', async () => {
    const other = await openPool(0, otherRange);
    const kept = await other.acquire(signal);
    const pool = await openPool(1);
    await pool.sweep(new Set());
    await pool.close();
    expect(await inNamespace(kept, 'ip', 'link', 'show', guest.tap)).toContain('tap0');
    expect(await wrennTables(signal)).toContain('wrenn_30100');
    expect(await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).toBe('1\n');
    await other.release(kept);
    await other.close();
    await asBefore();
  });

  it('keeps the policy in force while a capsule outlives the agent, and adopts its slot', async () => {
    const first = await openPool(1);
    const slot = await first.acquire(signal);
    await first.close();
    expect(await wrennTables(signal)).toContain('wrenn_30000');

    const second = await openPool(1);
    expect(await second.adopt(slot.index)).toEqual(slot);
    expect(await second.sweep(new Set([slot.index]))).toEqual([]);
    await second.release(slot);
    await second.close();
    await asBefore();
  });

  it('does not adopt a slot that is not whole any more, and sweeps it', async () => {
    const first = await openPool(0);
    const slot = await first.acquire(signal);
    await first.close();
    await run(['ip', 'link', 'del', slot.veth], { signal, timeoutMs: 20_000 });
    const second = await openPool(0);
    await expect(second.adopt(slot.index)).rejects.toMatchObject({ code: 'not_found' });
    expect(await second.sweep(new Set())).toEqual([slot.namespace]);
    await second.close();
    await asBefore();
  });

  it('leaves nothing after kill -9, with processes in a slot', async () => {
    const victim = fork(fileURLToPath(new URL('testing/slot-pool-victim.ts', import.meta.url)), [
      JSON.stringify(range),
    ]);
    const [index] = (await once(victim, 'message')) as [number];
    const slot = slotAt(index);
    const vmm = spawn('nsenter', [`--net=/run/netns/${slot.namespace}`, 'sleep', '300']);
    await once(vmm, 'spawn');
    // It is inside when the namespace in its place in /proc is the slot's.
    await vi.waitFor(async () => expect(await namespacePids(slot)).toContain(String(vmm.pid)), 10_000);
    const [died, vmmDied] = [once(victim, 'exit'), once(vmm, 'exit')];
    victim.kill('SIGKILL');
    await died;

    const pool = await openPool(1);
    const removed = await pool.sweep(new Set());
    expect(removed).toContain(slot.namespace);
    expect(removed).toContain(slot.veth);
    expect(removed).toContain(`1 processes in ${slot.namespace}`);
    expect(await vmmDied).toEqual([null, 'SIGKILL']);
    await pool.close();
    await asBefore();
  });

  it('keeps one ready, also after all were given back', async () => {
    const pool = await openPool(1);
    const slot = await pool.acquire(signal);
    await pool.release(slot);
    await vi.waitFor(async () => {
      const there = [...(await inventory(range)).keys()];
      expect(there).toHaveLength(1);
      expect(there).not.toContain(slot.index);
    }, 10_000);
  });
});

async function namespacePids(slot: Slot): Promise<string[]> {
  const { stdout } = await run(['ip', 'netns', 'pids', slot.namespace], { signal, timeoutMs: 20_000 });
  return stdout.split('\n');
}
