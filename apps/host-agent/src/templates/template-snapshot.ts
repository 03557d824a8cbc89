import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, systemCode, WrennError } from '@wrenn/core';
import { z } from 'zod';

export const templateFiles = {
  manifest: 'manifest.json',
  memory: 'memory',
  deviceState: 'device-state',
} as const;

const manifest = z.object({
  version: z.literal(1),
  template: z.string(),
  vcpus: z.number().int(),
  memoryMiB: z.number().int(),
  engine: z.string(),
  engineBuild: z.string(),
  isolation: z.enum(['kvm', 'emulated']),
  kernelVersion: z.string(),
  envdVersion: z.string(),
  hostSecret: z.string(),
  memorySha256: z.string(),
  deviceStateSha256: z.string(),
  /** Names of files: what the guest wrote to its disk while it booted, and see `EngineDisks.finishTemplate`. */
  disk: z.string().default('disk.qcow2'),
  emptyDisk: z.string().default('empty.qcow2'),
  /** What the memory file looked like when its checksum was taken. */
  memoryStamp: z.string(),
});
export type TemplateManifest = z.infer<typeof manifest>;

/** A booted machine, frozen: every capsule of the template and shape starts from it. */
export interface TemplateSnapshot {
  /** Names its directory; a hash of all that it was made from. */
  readonly key: string;
  readonly directory: string;
  readonly memory: string;
  readonly deviceState: string;
  readonly disk: string;
  readonly emptyDisk: string;
  readonly hostSecret: Secret;
  readonly manifest: TemplateManifest;
}

/**
 * Changes when the file is written to, by whatever way: its change time cannot be set back.
 * QEMU before 8.2 insists on write access to a file that it maps privately, so a VMM that was taken over could write
 * to the memory that other capsules start from; this is how that is noticed before the next one starts.
 */
export async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, ctimeNs, mtimeNs } = await stat(path, { bigint: true });
  return [dev, ino, size, ctimeNs, mtimeNs].join(':');
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

export async function writeManifest(directory: string, content: z.input<typeof manifest>): Promise<void> {
  await writeFile(join(directory, templateFiles.manifest), JSON.stringify(content, null, 2), { mode: 0o600 });
}

/** The snapshot in `directory`, or undefined if there is none. Files are checked by `checkUnaltered`, not here. */
export async function readSnapshot(key: string, directory: string): Promise<TemplateSnapshot | undefined> {
  const content = await readManifest(directory);
  if (content === undefined) return undefined;
  return {
    key,
    directory,
    memory: join(directory, templateFiles.memory),
    deviceState: join(directory, templateFiles.deviceState),
    disk: join(directory, content.disk),
    emptyDisk: join(directory, content.emptyDisk),
    hostSecret: new Secret(content.hostSecret),
    manifest: content,
  };
}

/**
 * Refuses a snapshot whose memory was written to since it was published. A changed stamp alone is not proof (a
 * restored backup has one), so then the content decides.
 */
export async function checkUnaltered(snapshot: TemplateSnapshot): Promise<void> {
  if ((await stampOf(snapshot.memory)) === snapshot.manifest.memoryStamp) return;
  if ((await sha256Of(snapshot.memory)) !== snapshot.manifest.memorySha256) {
    throw new WrennError('agent_error', `the memory of template ${snapshot.manifest.template} was altered`, {
      remedy: `remove ${snapshot.directory} and restart the host agent, which builds it again`,
    });
  }
}

async function readManifest(directory: string): Promise<TemplateManifest | undefined> {
  try {
    const text = await readFile(join(directory, templateFiles.manifest), 'utf8');
    return manifest.parse(JSON.parse(text));
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw new WrennError('agent_error', `the manifest of the template in ${directory} cannot be read`, {
      cause: thrown,
      remedy: `remove ${directory} and restart the host agent, which builds it again`,
    });
  }
}
