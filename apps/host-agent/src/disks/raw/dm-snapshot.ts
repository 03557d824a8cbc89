import { createHash } from 'node:crypto';
import { access, chown, mkdtemp, open, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup, describeError, systemCode, WrennError } from '@wrenn/core';
import { run } from '../../process/run.ts';
import { findProgram } from '../../setup/find-program.ts';
import type { DiskOwner } from '../engine-disks.ts';

/** Of 512 bytes: what a copy-on-write store keeps of its origin at a time. */
const chunkSectors = 8;
const sectorBytes = 512;
/** At the start of a store that was used, from the kernel's dm-snap-persistent.c. */
const storeMagic = Buffer.from('SnAp');
const timeoutMs = 20_000;
const control = '/dev/mapper/control';

/** Disks of one installation: what it names on the host is not another's. */
export class DiskStacks {
  readonly #directory: string;
  readonly #prefix: string;

  /** All files of its stacks are below `directory`, or are images that belong to all. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#prefix = `wrenn-${createHash('sha256').update(directory).digest('hex').slice(0, 8)}-`;
  }

  /** What a slot's disk is called. */
  nameOf(slot: number): string {
    return `${this.#prefix}${slot}`;
  }

  /**
   * Lays stores over an image; the topmost is written to, and its device, whose path is returned, belongs to `owner`. The
   * last file that is an image itself takes the place of all below it. A fault leaves nothing attached; a command that was
   * begun is not called off, since then nobody would know what came of it.
   */
  async attach(
    name: string,
    files: readonly [string, ...string[]],
    owner: DiskOwner,
    signal: AbortSignal,
  ): Promise<string> {
    signal.throwIfAborted();
    const [image, ...stores] = await fromLastImage(files);
    const sectors = (await stat(image)).size / sectorBytes;
    await using undo = new Cleanup();
    // Once a device above has it open, a loop device that is detached goes with that.
    await using loops = new Cleanup();
    let device = await attachLoop(image, 'read', loops);
    for (const [level, store] of stores.entries()) {
      const access = level === stores.length - 1 ? 'write' : 'read';
      const loop = await attachLoop(store, access, loops);
      const own = `${name}-${level}`;
      const table = snapshotTable(sectors, device, loop);
      const options = access === 'read' ? ['--readonly'] : [];
      await command(['dmsetup', 'create', own, ...options, '--table', table]);
      await undo.add(own, () => removeDevice(own));
      device = `/dev/mapper/${own}`;
    }
    await chown(device, owner.uid, owner.gid);
    undo.commit();
    return device;
  }

  /** All of a stack; what is not there is passed over. */
  async detach(name: string, signal: AbortSignal): Promise<void> {
    const levels = (await deviceNames(signal)).filter((each) => each.startsWith(`${name}-`));
    for (const each of levels.toSorted((one, other) => levelOf(other) - levelOf(one)))
      await removeDevice(each);
  }

  /**
   * Writes down what is still in the kernel's memory of a stack's device. A store that is copied or summed has it only then.
   */
  async flush(name: string, signal: AbortSignal): Promise<void> {
    const levels = (await deviceNames(signal)).filter((each) => each.startsWith(`${name}-`));
    const top = levels.toSorted((one, other) => levelOf(other) - levelOf(one))[0];
    if (top === undefined) throw new WrennError('agent_error', `disk ${name} is not attached`);
    await using device = await open(`/dev/mapper/${top}`, 'r+');
    await device.sync();
  }

  /**
   * Detaches the stacks of all slots but these, and the loop devices that an agent left which was killed on its way.
   * Returns the stacks' names.
   */
  async sweep(slots: ReadonlySet<number>, signal: AbortSignal): Promise<string[]> {
    const names = (await deviceNames(signal)).filter((each) => each.startsWith(this.#prefix));
    const stacks = new Set(names.map((each) => each.slice(0, each.lastIndexOf('-'))));
    const gone = [...stacks].filter((name) => !slots.has(Number(name.slice(this.#prefix.length))));
    for (const name of gone) await this.detach(name, signal);
    const { stdout } = await run(['losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE'], {
      signal,
      timeoutMs,
    });
    // Those of stacks in use are detached already, and stay as long as they are used.
    for (const loop of parseLoops(stdout, this.#directory)) await command(['losetup', '--detach', loop]);
    return gone;
  }
}

/** A store with room for all of the image to change, and what it keeps of where things are: 16 bytes for each chunk. */
export async function makeStore(path: string, image: string, owner: DiskOwner): Promise<void> {
  const { size } = await stat(image);
  const file = await open(path, 'wx', 0o600);
  try {
    const chunks = Math.ceil(size / (chunkSectors * sectorBytes));
    await file.truncate(roundUp(size + chunks * 16 + (1 << 20)));
    await file.chown(owner.uid, owner.gid);
  } finally {
    await file.close();
  }
}

/** Why this machine cannot lay stores over images; undefined where it can. */
export async function probeDmSnapshot(signal: AbortSignal): Promise<string | undefined> {
  for (const program of ['dmsetup', 'losetup'])
    if ((await findProgram(program)) === undefined) return `the program ${program} is not installed`;
  try {
    await access(control);
  } catch (thrown) {
    if (systemCode(thrown) === undefined) throw thrown;
    return `there is no ${control}: the kernel has no device mapper`;
  }
  const folder = await mkdtemp(join(tmpdir(), 'wrenn-disks-'));
  try {
    const [image, store] = [join(folder, 'image'), join(folder, 'store')];
    await writeFile(image, '');
    await truncate(image, 1 << 20);
    await makeStore(store, image, { uid: 0, gid: 0 });
    const stacks = new DiskStacks(folder);
    const name = stacks.nameOf(0);
    await stacks.attach(name, [image, store], { uid: 0, gid: 0 }, signal);
    await stacks.detach(name, signal);
    return undefined;
  } catch (thrown) {
    signal.throwIfAborted();
    // dmsetup says what follows from it in lines of their own.
    return describeError(thrown).split('\n')[0];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A persistent store, so that it is there after the machine that had it attached. */
export function snapshotTable(sectors: number, origin: string, store: string): string {
  return `0 ${sectors} snapshot ${origin} ${store} P ${chunkSectors}`;
}

async function attachLoop(file: string, access: 'read' | 'write', loops: Cleanup): Promise<string> {
  const options = access === 'read' ? ['--read-only'] : [];
  const loop = (await command(['losetup', '--find', '--show', ...options, file])).trim();
  await loops.add(loop, async () => {
    await command(['losetup', '--detach', loop]);
  });
  return loop;
}

/** One that is still in use for a moment is tried again by dmsetup itself. */
async function removeDevice(name: string): Promise<void> {
  await command(['dmsetup', 'remove', '--retry', name]);
}

/** Changes what is attached; what it printed. */
async function command(argv: readonly [string, ...string[]]): Promise<string> {
  return (await run(argv, { signal: AbortSignal.timeout(timeoutMs), timeoutMs })).stdout;
}

async function deviceNames(signal: AbortSignal): Promise<string[]> {
  const { stdout } = await run(['dmsetup', 'ls'], { signal, timeoutMs });
  return parseDevices(stdout);
}

/** `dmsetup ls`: a name and its numbers in each line, or that there are none. */
export function parseDevices(list: string): string[] {
  return list.split('\n').flatMap((line) => /^(\S+)\s+\(\d+[:,] ?\d+\)$/.exec(line.trim())?.[1] ?? []);
}

function levelOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}

/** `losetup --list`: the devices whose files are below a directory. */
function parseLoops(list: string, directory: string): string[] {
  return list.split('\n').flatMap((line) => {
    const [, loop, file] = /^(\/dev\/loop\d+)\s+(.+)$/.exec(line.trim()) ?? [];
    return loop !== undefined && file?.startsWith(`${directory}/`) === true ? [loop] : [];
  });
}

/** The topmost is always a store, and one that was never attached has nothing at its start yet. */
async function fromLastImage(files: readonly [string, ...string[]]): Promise<readonly [string, ...string[]]> {
  let result = files;
  const { size } = await stat(files[0]);
  for (const [index, file] of files.slice(0, -1).entries()) {
    const [first, ...rest] = files.slice(index);
    if (first === undefined || index === 0 || (await isStore(file))) continue;
    if ((await stat(file)).size !== size)
      throw new WrennError(
        'agent_error',
        `${file} is neither an image of this disk nor a store that was used`,
      );
    result = [first, ...rest];
  }
  return result;
}

async function isStore(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const head = Buffer.alloc(storeMagic.length);
  await file.read(head, 0, head.length, 0);
  return head.equals(storeMagic);
}

function roundUp(bytes: number): number {
  const chunk = chunkSectors * sectorBytes;
  return Math.ceil(bytes / chunk) * chunk;
}
