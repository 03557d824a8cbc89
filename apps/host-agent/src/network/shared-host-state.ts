import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises';
import { systemCode, WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';
import { vmmGid } from './slot.ts';
import { tablePrefix } from './slot-range.ts';

/**
 * What all agents of a machine need of it and none owns: IPv4 forwarding, and a TUN device that VMMs may open. The
 * first agent turns it on, the last one puts it back; a mark in the kernel, an empty nft table, says that it was
 * changed, and so outlives an agent that was killed.
 */
const mark = `${tablePrefix}shared`;
const forwardingFile = '/proc/sys/net/ipv4/ip_forward';
const tunDevice = '/dev/net/tun';
const timeoutMs = 10_000;

/** To be called when the agent's own table is there: that is what keeps another agent from turning it off. */
export async function claimSharedState(signal: AbortSignal): Promise<void> {
  await openTunDevice();
  if ((await readFile(forwardingFile, 'utf8')).trim() === '1') return;
  await nft(`add table inet ${mark}\n`, signal);
  await writeFile(forwardingFile, '1');
}

/** To be called when the agent's own table is gone; does nothing while another agent's is there. */
export async function releaseSharedState(signal: AbortSignal): Promise<void> {
  const tables = await wrennTables(signal);
  if (tables.some((table) => table !== mark)) return;
  await closeTunDevice();
  if (!tables.includes(mark)) return;
  await writeFile(forwardingFile, '0');
  await nft(`delete table inet ${mark}\n`, signal);
  // An agent that started meanwhile may have found forwarding still on, and left it at that.
  if ((await wrennTables(signal)).length > 0) await claimSharedState(signal);
}

/** Names of the tables that agents have on this machine, the mark included. */
export async function wrennTables(signal: AbortSignal): Promise<string[]> {
  const { stdout } = await run(['nft', 'list', 'tables'], { signal, timeoutMs });
  return stdout
    .split('\n')
    .map((line) => /^table inet (\S+)$/.exec(line)?.[1])
    .filter((name) => name?.startsWith(tablePrefix) === true)
    .filter((name) => name !== undefined);
}

/**
 * Lets the group of the VMMs open the device, where not everybody may as under udev. It gives nothing away: what an
 * unprivileged process can do with it is attach to a TAP that was made for its user and group.
 */
async function openTunDevice(): Promise<void> {
  const { mode } = await tunStat();
  if ((mode & 0o006) === 0o006) return;
  await chown(tunDevice, 0, vmmGid);
  await chmod(tunDevice, 0o660);
}

async function closeTunDevice(): Promise<void> {
  const { mode, gid } = await tunStat();
  if (gid !== vmmGid || (mode & 0o777) !== 0o660) return;
  await chmod(tunDevice, 0o600);
  await chown(tunDevice, 0, 0);
}

async function tunStat(): Promise<{ mode: number; gid: number }> {
  try {
    return await stat(tunDevice);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new WrennError(
      'missing_prerequisite',
      `there is no ${tunDevice}: virtual machines cannot have a network`,
      {
        cause,
        remedy: 'run modprobe tun; in a container, start it with --device /dev/net/tun',
      },
    );
  }
}

async function nft(input: string, signal: AbortSignal): Promise<void> {
  await run(['nft', '-f', '-'], { input, signal, timeoutMs });
}
