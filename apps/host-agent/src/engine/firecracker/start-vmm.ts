import { spawn } from 'node:child_process';
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StartedProcess, startedProcess } from '../../process/started-process.ts';
import type { MachineSpec } from '../engine.ts';
import type { FirecrackerBuild } from './builds.ts';
import { directoryView, inPlace, inView, makeViewPoint, type PlaceName } from './place.ts';

/** A file of the host's that the VMM is to see in its directory. */
export interface PlacedFile {
  readonly name: PlaceName;
  readonly from: string;
  readonly access: 'read' | 'write';
}

export interface VmmStart {
  readonly spec: Pick<MachineSpec, 'directory' | 'slot' | 'cgroup'>;
  readonly build: FirecrackerBuild;
  readonly files: readonly PlacedFile[];
  /** Of any file that the VMM writes. */
  readonly largestFileBytes: number;
  /** Where jails are made, of root's. */
  readonly jails: string;
}

/** More than a VMM with two drives opens; its jailer's own default is 2048. */
const mostDescriptors = 2048;

/**
 * What has to happen between fork and exec: the process joins its cgroups, and gets a mount namespace in which VIEW is the
 * machine's directory with files of the host bound over its empty ones, and in which the devices that it needs belong to
 * its user. Arguments: DIRECTORY VIEW OWNER CGROUP-FILE... -- [ACCESS FILE NAME]... -- COMMAND...
 */
const prepareAndBecome = `set -e
ulimit -c 0
directory=$1 view=$2 owner=$3
shift 3
while [ "$1" != -- ]; do echo $$ >"$1"; shift; done
shift
mkdir -p "$view"
mount --bind "$directory" "$view"
while [ "$1" != -- ]; do
  mount --bind "$2" "$view/$3"
  [ "$1" = write ] || mount -o remount,bind,ro "$view/$3"
  shift 3
done
shift
mount -t tmpfs -o size=64k,nr_inodes=16,mode=0711 wrenn-devices "$view/devices"
for device in kvm userfaultfd net/tun; do
  [ -c "/dev/$device" ] || continue
  node="$view/devices/\${device##*/}"
  mknod "$node" c $((0x$(stat -c %t "/dev/$device"))) $((0x$(stat -c %T "/dev/$device")))
  chown "$owner" "$node"
  chmod 0600 "$node"
  mount --bind "$node" "/dev/$device"
done
exec "$@"`;

/** Of a VMM in a slot: what it is called, in its jail's name too. */
export function vmmName({ slot }: Pick<MachineSpec, 'slot'>): string {
  return `slot-${slot.index}`;
}

/**
 * Starts Firecracker confined: by its jailer where the build has one, else as the slot's own user without groups or a way
 * to gain privileges; either way in the slot's network namespace, in a mount namespace of its own and in its cgroup. It has
 * a session of its own and outlives the agent. What a guest can make it print goes nowhere.
 */
export async function startVmm(start: VmmStart): Promise<StartedProcess> {
  const { spec, build, files } = start;
  const { uid, gid } = spec.slot;
  const jailRoot = build.jailer === undefined ? undefined : await makeJail(start);
  if (jailRoot === undefined) await makeViewPoint();
  await makePlaceholders(spec.directory, files);
  await using said = await open(inPlace(spec.directory, 'said'), 'wx', 0o600);
  const child = spawn(
    'unshare',
    [
      ...['--mount', '--propagation', 'private', '--', '/bin/sh', '-c', prepareAndBecome, 'wrenn-vmm'],
      ...[spec.directory, `${jailRoot ?? ''}${directoryView}`, `${uid}:${gid}`],
      ...[...spec.cgroup.procsFiles, '--'],
      ...files.flatMap(({ access, from, name }) => [access, from, placeholder(name)]),
      ...['--', ...commandOf(start)],
    ],
    { cwd: '/', detached: true, stdio: ['ignore', 'ignore', said.fd], env: { PATH: process.env['PATH'] } },
  );
  return await startedProcess(child, 'Firecracker');
}

/** Removes what the jailer left; the VMM has ended. */
export async function removeJail(jails: string, name: string): Promise<void> {
  await rm(join(jails, 'firecracker', name), { recursive: true, force: true });
}

/** The command that runs Firecracker, with its options at the end. */
export function commandOf({ spec, build, largestFileBytes, jails }: VmmStart): string[] {
  const { namespace, uid, gid } = spec.slot;
  const name = vmmName(spec);
  if (build.jailer !== undefined) {
    return [
      ...[build.jailer, '--id', name, '--exec-file', build.program, '--uid', `${uid}`, '--gid', `${gid}`],
      ...['--netns', `/run/netns/${namespace}`, '--chroot-base-dir', jails],
      ...['--resource-limit', `fsize=${largestFileBytes}`, '--resource-limit', `no-file=${mostDescriptors}`],
      ...['--', '--api-sock', inView('control')],
    ];
  }
  return [
    ...['ip', 'netns', 'exec', namespace],
    ...['prlimit', `--fsize=${largestFileBytes}`, `--nofile=${mostDescriptors}`, '--'],
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs', '--'],
    ...[build.program, '--id', name, '--api-sock', inView('control')],
  ];
}

/** Anew: the jailer takes what it finds for its own. Returns the folder that will be the VMM's root. */
async function makeJail({ spec, jails }: VmmStart): Promise<string> {
  const name = vmmName(spec);
  await removeJail(jails, name);
  const root = join(jails, 'firecracker', name, 'root');
  await mkdir(jails, { recursive: true, mode: 0o711 });
  await mkdir(root, { recursive: true, mode: 0o700 });
  return root;
}

/** Empty files of root's that the VMM's user cannot write to, and may only see covered. */
async function makePlaceholders(directory: string, files: readonly PlacedFile[]): Promise<void> {
  for (const { name } of files) await writeFile(inPlace(directory, name), '', { flag: 'wx', mode: 0o600 });
  await mkdir(inPlace(directory, 'devices'), { mode: 0o700 });
}

function placeholder(name: PlaceName): string {
  return inPlace('.', name).slice(2);
}
