import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, systemCode } from '@wrenn/core';
import { writableByOthers } from '../../files/writable-by-others.ts';
import { run } from '../../process/run.ts';

/** A build of Firecracker that may run machines. */
export interface FirecrackerBuild {
  /** The exact build, which a snapshot restores with: its version and what its program adds up to. */
  readonly id: string;
  readonly version: Version;
  readonly program: string;
  /** Of the same version. */
  readonly jailer: string | undefined;
}

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

export interface FoundBuilds {
  /** Ascending. */
  readonly usable: readonly FirecrackerBuild[];
  readonly unusable: readonly { readonly directory: string; readonly why: string }[];
}

/** Before it snapshots are of another format, and a guest may hang after a pause; see its CHANGELOG. */
export const oldestVersion: Version = { major: 1, minor: 16, patch: 2 };
const answerMs = 10_000;

/** Looks at each folder of `directory`, which need not exist. A program that others may write to is not run. */
export async function findBuilds(directory: string, signal: AbortSignal): Promise<FoundBuilds> {
  const usable: FirecrackerBuild[] = [];
  const unusable: { directory: string; why: string }[] = [];
  for (const name of await foldersOf(directory)) {
    const folder = join(directory, name);
    const found = await examine(folder, signal);
    if ('why' in found) unusable.push({ directory: folder, why: found.why });
    else usable.push(found);
  }
  return { usable: usable.toSorted((one, other) => compareVersions(one.version, other.version)), unusable };
}

export function compareVersions(one: Version, other: Version): number {
  return one.major - other.major || one.minor - other.minor || one.patch - other.patch;
}

/** The version in the first line that Firecracker or its jailer prints; undefined for what is not from that program. */
export function parseVersion(from: 'Firecracker' | 'Jailer', printed: string): Version | undefined {
  const [, major, minor, patch] =
    new RegExp(`^${from} v(\\d{1,5})\\.(\\d{1,5})\\.(\\d{1,5})(?:\\n|$)`).exec(printed) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return { major: Number(major), minor: Number(minor), patch: Number(patch) };
}

async function examine(
  folder: string,
  signal: AbortSignal,
): Promise<FirecrackerBuild | { readonly why: string }> {
  const program = join(folder, 'firecracker');
  try {
    const open = (await isLinkOrOpen(program)) ? program : await writableByOthers(folder);
    if (open !== undefined) return { why: `${open} can be written to by others than root` };
    const version = await versionOf('Firecracker', program, signal);
    if (version === undefined) return { why: `${program} does not say a version` };
    if (compareVersions(version, oldestVersion) < 0)
      return { why: `version ${textOf(version)} is older than ${textOf(oldestVersion)}` };
    const id = `${textOf(version)} sha256:${(await sha256Of(program)).slice(0, 16)}`;
    return { id, version, program, jailer: await jailerIn(folder, version, signal) };
  } catch (thrown) {
    signal.throwIfAborted();
    return { why: describeError(thrown) };
  }
}

async function jailerIn(folder: string, version: Version, signal: AbortSignal): Promise<string | undefined> {
  const jailer = join(folder, 'jailer');
  try {
    if (await isLinkOrOpen(jailer)) throw new Error(`${jailer} can be written to by others than root`);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  const own = await versionOf('Jailer', jailer, signal);
  if (own !== undefined && compareVersions(own, version) === 0) return jailer;
  throw new Error(`${jailer} is not of version ${textOf(version)}`);
}

async function versionOf(
  name: 'Firecracker' | 'Jailer',
  program: string,
  signal: AbortSignal,
): Promise<Version | undefined> {
  const { stdout } = await run([program, '--version'], { signal, timeoutMs: answerMs });
  return parseVersion(name, stdout);
}

/** A link is not followed: who may change it may change what it leads to. */
async function isLinkOrOpen(path: string): Promise<boolean> {
  const { uid, mode } = await lstat(path);
  return uid !== 0 || (mode & 0o022) !== 0;
}

async function foldersOf(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

export function textOf({ major, minor, patch }: Version): string {
  return `${major}.${minor}.${patch}`;
}
