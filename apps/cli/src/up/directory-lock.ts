import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { deadline, parseJson, systemCode, until, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

const identitySchema = z.object({ pid: z.number().int().positive(), startTicks: z.string() });
const contentsSchema = z.object({ owner: identitySchema, children: z.array(identitySchema) });
type Contents = z.infer<typeof contentsSchema>;

/** How long processes whose supervisor was killed get to notice it and end. */
const orphanGraceMs = 15_000;
const mostChildren = 64;

/**
 * Says that one `wrenn up` runs in this directory, and which processes it started.
 *
 * The file appears with its contents by one `link`, so nobody ever reads half of it. A lock whose owner is gone is
 * taken over, after the processes of that owner have ended: until then they hold the ports and the database.
 */
export class DirectoryLock implements AsyncDisposable {
  readonly #file: string;
  readonly #owner: ProcessIdentity;
  readonly #children: ProcessIdentity[] = [];
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, owner: ProcessIdentity) {
    this.#file = file;
    this.#owner = owner;
  }

  /** Throws `conflict` when another `wrenn up` has the directory. */
  static async take(directory: string, signal: AbortSignal): Promise<DirectoryLock> {
    const file = join(directory, 'up.lock');
    const owner = await identify(process.pid);
    if (owner === undefined) throw new WrennError('missing_prerequisite', '/proc is not mounted');
    const draft = `${file}.${process.pid}`;
    try {
      await writeFile(draft, JSON.stringify({ owner, children: [] }), { mode: 0o600 });
      using limit = deadline(orphanGraceMs * 2, `taking ${file}`, signal);
      await until(
        async () => ((await linked(draft, file)) ? true : await clearStale(file, limit)),
        50,
        limit,
      );
    } finally {
      await rm(draft, { force: true });
    }
    return new DirectoryLock(file, owner);
  }

  /** Remembers a process, for the case that this one is killed. */
  async remember(pid: number): Promise<void> {
    const child = await identify(pid);
    if (child === undefined) return;
    this.#children.push(child);
    // Those that were started long ago and again since have ended.
    if (this.#children.length > mostChildren) this.#children.shift();
    const written = this.#writing.then(() => this.#write());
    this.#writing = written.catch(() => undefined);
    await written;
  }

  async #write(): Promise<void> {
    const draft = `${this.#file}.${this.#owner.pid}`;
    const contents: Contents = { owner: this.#owner, children: this.#children };
    await writeFile(draft, JSON.stringify(contents), { mode: 0o600 });
    await rename(draft, this.#file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    await rm(this.#file, { force: true });
  }
}

async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return false;
    throw thrown;
  }
}

/** Removes a lock whose owner is gone; yields nothing, so that the caller tries to take it again. */
async function clearStale(file: string, signal: AbortSignal): Promise<undefined> {
  const contents = await read(file);
  if (contents === undefined) return undefined;
  if (await isRunning(contents.owner)) {
    throw new WrennError('conflict', `wrenn up runs here already (pid ${contents.owner.pid})`, {
      remedy: 'stop that one with Ctrl-C, or give this one a directory of its own with WRENN_DIR',
    });
  }
  for (const child of contents.children) await waitForEnd(child, signal);
  await removeStale(file, contents);
  return undefined;
}

/** Two starts may find the same stale lock: whoever moves away the other's new one puts it back. */
async function removeStale(file: string, stale: Contents): Promise<void> {
  const aside = `${file}.stale.${process.pid}`;
  try {
    await rename(file, aside);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return;
    throw thrown;
  }
  const moved = await read(aside);
  if (moved !== undefined && !isDeepStrictEqual(moved.owner, stale.owner)) await linked(aside, file);
  await rm(aside, { force: true });
}

/** Wrenn's processes end by themselves when their supervisor is gone; one that hangs is killed. */
async function waitForEnd(child: ProcessIdentity, signal: AbortSignal): Promise<void> {
  const gone = async () => ((await isRunning(child)) ? undefined : true);
  const grace = AbortSignal.timeout(orphanGraceMs);
  try {
    await until(gone, 50, AbortSignal.any([signal, grace]));
  } catch (thrown) {
    if (!grace.aborted || signal.aborted) throw thrown;
    process.kill(child.pid, 'SIGKILL');
    await until(gone, 50, signal);
  }
}

async function read(file: string): Promise<Contents | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  const parsed = contentsSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new WrennError('conflict', `${file} is not a lock that Wrenn wrote`, { remedy: `remove ${file}` });
}
