import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { startTicksOf } from '../process/process-identity.ts';
import { run } from '../process/run.ts';

/** What a build is given. `directory` becomes the artifact; `scratch` is deleted afterwards. */
export interface BuildPlace {
  readonly directory: string;
  readonly scratch: string;
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Something that can be made from inputs, named by their hash. */
export interface Build<Facts> {
  readonly name: string;
  /** Of everything that goes into it: the artifact exists under this name or not at all. */
  readonly hash: string;
  /** What is known of the artifact only once it is made; kept in its manifest. */
  readonly facts: z.ZodType<Facts>;
  make(place: BuildPlace): Promise<Facts>;
}

export interface Artifact<Facts> {
  readonly directory: string;
  readonly facts: Facts;
}

export interface EnsureOptions {
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

const manifestName = 'manifest.json';
const manifest = z.object({ facts: z.unknown(), files: z.record(z.string(), z.number()) });
const syncTimeoutMs = 120_000;
/** Less than this left after a failure: the disk being full was the reason. */
const fullDiskBytes = 64 * 1024 * 1024;

/**
 * Built artifacts in `<cache>/images/<name>-<hash>/`. An artifact appears by one rename, whole and synced, and is
 * never written again. Two builders may work at the same time: the first rename wins and the other takes its result.
 */
export class ImageStore {
  readonly #directory: string;

  constructor(cacheDirectory: string) {
    this.#directory = join(cacheDirectory, 'images');
  }

  /** Makes the directory, checks that users other than root can read in it, and removes what dead builds left. */
  async open(signal: AbortSignal): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o755 });
    await Promise.all([dirname(this.#directory), this.#directory].map((path) => chmod(path, 0o755)));
    await checkReachable(this.#directory);
    for (const name of await readdir(this.#directory)) {
      const builder = /^\.building-(\d+)-(\d+)-/.exec(name);
      if (builder === null || (await startTicksOf(Number(builder[1]))) === Number(builder[2])) continue;
      await removeTree(join(this.#directory, name), signal);
    }
  }

  path(build: Build<unknown>): string {
    return join(this.#directory, `${build.name}-${build.hash}`);
  }

  /** The artifact if it is there with all its files in their full size. */
  async find<Facts>(build: Build<Facts>): Promise<Artifact<Facts> | undefined> {
    const directory = this.path(build);
    const text = await readFile(join(directory, manifestName), 'utf8').catch(absent);
    if (text === undefined) return undefined;
    const read = parseManifest(text);
    if (read === undefined) return undefined;
    for (const [name, size] of Object.entries(read.files)) {
      const found = await stat(join(directory, name)).catch(absent);
      if (found?.size !== size) return undefined;
    }
    const facts = build.facts.safeParse(read.facts);
    return facts.success ? { directory, facts: facts.data } : undefined;
  }

  /** The artifact, made now if it is not there. */
  async ensure<Facts>(
    build: Build<Facts>,
    options: EnsureOptions,
  ): Promise<{ artifact: Artifact<Facts>; cached: boolean }> {
    const found = await this.find(build);
    if (found !== undefined) return { artifact: found, cached: true };
    const owner = `${process.pid}-${await startTicksOf(process.pid)}`;
    const place = await mkdtemp(join(this.#directory, `.building-${owner}-`));
    try {
      const directory = join(place, build.name);
      const scratch = join(place, 'scratch');
      await mkdir(directory);
      await mkdir(scratch);
      const facts = await make(build, { directory, scratch, note: options.note, signal: options.signal });
      const files = await seal(directory);
      await writeFile(join(directory, manifestName), JSON.stringify({ facts, files }, null, 2), {
        mode: 0o644,
      });
      await run(['sync', '--file-system', directory], { signal: options.signal, timeoutMs: syncTimeoutMs });
      return { artifact: await this.#publish(build, directory, facts, options.signal), cached: false };
    } finally {
      await removeTree(place, new AbortController().signal);
    }
  }

  async #publish<Facts>(
    build: Build<Facts>,
    from: string,
    facts: Facts,
    signal: AbortSignal,
  ): Promise<Artifact<Facts>> {
    const directory = this.path(build);
    try {
      await rename(from, directory);
      return { directory, facts };
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOTEMPTY' && systemCode(thrown) !== 'EEXIST') throw thrown;
    }
    const other = await this.find(build);
    if (other !== undefined) return other;
    // What stands there is damaged, or it would have been found.
    await removeTree(directory, signal);
    await rename(from, directory);
    return { directory, facts };
  }
}

/** A program that fails does not say why in a way that can be relied on: whether the disk is full is looked up. */
async function make<Facts>(build: Build<Facts>, place: BuildPlace): Promise<Facts> {
  try {
    return await build.make(place);
  } catch (thrown) {
    if (thrown instanceof WrennError && thrown.code === 'no_space') throw thrown;
    const { bavail, bsize } = await statfs(place.scratch);
    const full = systemCode(thrown) === 'ENOSPC' || bavail * bsize < fullDiskBytes;
    if (!full || place.signal.aborted) throw thrown;
    throw new WrennError('no_space', `making the image ${build.name}: the disk is full`, {
      cause: thrown,
      remedy: 'free 4 GiB for it, or set WRENN_CACHE_DIR to another disk',
    });
  }
}

/** Lets everybody read: the VMM runs as a user of its own. Returns the size of each file in bytes. */
async function seal(directory: string): Promise<Record<string, number>> {
  await chmod(directory, 0o755);
  const sizes: Record<string, number> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    await chmod(path, entry.isDirectory() ? 0o755 : 0o644);
    if (entry.isFile()) sizes[path.slice(directory.length + 1)] = (await stat(path)).size;
  }
  return sizes;
}

/** Undefined for one that is damaged: the artifact then counts as absent and is made anew. */
function parseManifest(text: string): z.output<typeof manifest> | undefined {
  try {
    return manifest.parse(JSON.parse(text));
  } catch (thrown) {
    if (thrown instanceof SyntaxError || thrown instanceof z.ZodError) return undefined;
    throw thrown;
  }
}

async function checkReachable(directory: string): Promise<void> {
  for (let path = directory; path !== dirname(path); path = dirname(path)) {
    if (((await stat(path)).mode & 0o001) !== 0) continue;
    throw new WrennError('missing_prerequisite', `${path} is closed to the users that run virtual machines`, {
      remedy: `chmod o+x ${path}, or set WRENN_CACHE_DIR to a directory that every user can reach`,
    });
  }
}

/** By `rm`, which can be told to stay on its file system: a build that was killed may have left a mount. */
async function removeTree(path: string, signal: AbortSignal): Promise<void> {
  await rm(join(path, manifestName), { force: true });
  await run(['rm', '-rf', '--one-file-system', '--', path], { signal, timeoutMs: syncTimeoutMs });
}

function absent(thrown: unknown): undefined {
  if (systemCode(thrown) === 'ENOENT') return undefined;
  throw thrown;
}
