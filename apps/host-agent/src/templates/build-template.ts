import { randomBytes } from 'node:crypto';
import { chmod, chown, lchown, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Cleanup, deadline, newId, Secret, WrennError, zeroId } from '@wrenn/core';
import type { CgroupHost } from '../cgroup/cgroup-host.ts';
import { consoleTail } from '../engine/console.ts';
import type { Engine, MachineShape } from '../engine/engine.ts';
import { machineLimits } from '../engine/machine-limits.ts';
import { flush } from '../files/flush.ts';
import { GuestClient } from '../guest/guest-client.ts';
import type { Identity } from '../guest/init-request.ts';
import { warmUp } from '../guest/warm-up.ts';
import type { ImageSet, RootfsImage } from '../images/image-set.ts';
import { guestMetadata } from '../metadata-service/metadata.ts';
import type { MetadataService } from '../metadata-service/metadata-service.ts';
import type { SlotPool } from '../network/slot-pool.ts';
import { run } from '../process/run.ts';
import { sha256Of, stampOf, templateFiles, writeManifest } from './template-snapshot.ts';

/** A boot under emulation takes some ten seconds on an idle machine; this allows for a busy one. */
const bootDeadlineMs = 180_000;

export interface TemplateBuild {
  readonly template: string;
  readonly key: string;
  readonly rootfs: RootfsImage;
  readonly shape: MachineShape;
  /** Where the finished directory appears, by one rename. */
  readonly destination: string;
  readonly temporary: string;
}

export interface BuildParts {
  readonly engine: Engine;
  readonly images: ImageSet;
  readonly slots: SlotPool;
  readonly cgroups: CgroupHost;
  readonly metadata: MetadataService;
}

/** Boots the template once and freezes it. A fault leaves nothing behind. */
export async function buildTemplate(
  build: TemplateBuild,
  parts: BuildParts,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  using limit = deadline(bootDeadlineMs, `booting template ${build.template}`, signal);
  await using cleanup = new Cleanup();
  const slot = await parts.slots.acquire(limit);
  await cleanup.add('slot', () => parts.slots.release(slot));
  const cgroupName = `template-${build.key}`;
  const cgroup = await parts.cgroups.create(cgroupName, machineLimits(build.shape));
  await cleanup.add('cgroup', () => parts.cgroups.remove(cgroupName));
  await mkdir(build.temporary, { recursive: true, mode: 0o700 });
  await cleanup.add('temporary directory', () => rm(build.temporary, { recursive: true, force: true }));
  await chown(build.temporary, slot.uid, slot.gid);

  const file = (name: keyof typeof templateFiles) => join(build.temporary, templateFiles[name]);
  await makeOverlay(file('disk'), build.rootfs.path, 'raw', limit);
  await lchown(file('disk'), slot.uid, slot.gid);
  await makeMemory(file('memory'), build.shape.memoryMiB);
  await chown(file('memory'), slot.uid, slot.gid);

  note('booting');
  const spec = {
    ...build.shape,
    directory: build.temporary,
    slot,
    cgroup,
    images: parts.images,
    rootDisk: file('disk'),
  };
  const machine = await parts.engine.boot(spec, { path: file('memory') }, limit);
  await cleanup.add('virtual machine', () => machine.kill());
  const hostSecret = new Secret(randomBytes(32).toString('hex'));
  const identity = templateIdentity(hostSecret);
  const { wasRead } = parts.metadata.publish(
    slot,
    guestMetadata({ ...identity, accessToken: identity.accessToken.reveal() }),
  );
  await cleanup.add('metadata', () => parts.metadata.withdraw(slot));
  const guest = new GuestClient(slot.hostAddress, identity.accessToken);
  await cleanup.add('guest client', () => guest.close());
  const receipt = await withConsole(build.temporary, async () => {
    const first = await guest.init(identity, undefined, limit);
    note('warming up');
    await warmUp(guest, identity, wasRead, limit);
    return first;
  });
  guest.close();

  note('freezing');
  await machine.stop(limit);
  await machine.saveDevices(file('deviceState'), limit);
  await machine.kill();
  await publish(build, parts, { hostSecret, envdVersion: receipt.version, vmmGroup: slot.gid }, limit);
}

/** Each capsule replaces all of it before anything runs there. */
function templateIdentity(hostSecret: Secret): Identity {
  return {
    accessToken: new Secret(randomBytes(32).toString('hex')),
    hostSecret,
    capsuleId: newId('capsule'),
    templateId: zeroId('template'),
    defaultUser: 'root',
    envVars: { LANG: 'C.UTF-8' },
  };
}

/** Why a guest did not come up is said on its console: a fault carries the end of it. */
async function withConsole<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = WrennError.from(thrown, 'talking to the guest');
    const said = await consoleTail(directory);
    throw new WrennError(error.code, `${error.message}; the guest's console ends in: ${said}`, {
      cause: thrown,
    });
  }
}

/** Gives the files to root, readable by every VMM; only the memory has to be writable for their group too. */
async function publish(
  build: TemplateBuild,
  parts: BuildParts,
  made: { hostSecret: Secret; envdVersion: string; vmmGroup: number },
  signal: AbortSignal,
): Promise<void> {
  const file = (name: keyof typeof templateFiles) => join(build.temporary, templateFiles[name]);
  // The overlay's backing file must be named by the place where it will be.
  const diskInPlace = join(build.destination, templateFiles.disk);
  await makeOverlay(file('emptyDisk'), diskInPlace, 'qcow2', signal, file('disk'));
  for (const name of ['disk', 'emptyDisk', 'memory', 'deviceState'] as const) {
    await chown(file(name), 0, name === 'memory' ? made.vmmGroup : 0);
    await chmod(file(name), name === 'memory' ? 0o660 : 0o644);
    await flush(file(name));
  }
  const { traits } = parts.engine;
  await writeManifest(build.temporary, {
    version: 1,
    template: build.template,
    ...build.shape,
    engine: traits.name,
    engineBuild: traits.build,
    isolation: traits.isolation,
    kernelVersion: parts.images.kernel.version,
    envdVersion: made.envdVersion,
    hostSecret: made.hostSecret.reveal(),
    memorySha256: await sha256Of(file('memory')),
    deviceStateSha256: await sha256Of(file('deviceState')),
    memoryStamp: await stampOf(file('memory')),
  });
  await chown(build.temporary, 0, 0);
  await chmod(build.temporary, 0o755);
  await rm(build.destination, { recursive: true, force: true });
  await rename(build.temporary, build.destination);
}

/** Makes an empty overlay of `backing`; `sizeFrom` is where its size can be read now, if it is not there yet. */
async function makeOverlay(
  path: string,
  backing: string,
  backingFormat: 'raw' | 'qcow2',
  signal: AbortSignal,
  sizeFrom = backing,
): Promise<void> {
  const argv = ['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', backingFormat, '-b'] as const;
  if (sizeFrom === backing) {
    await run([...argv, backing, path], { signal, timeoutMs: 30_000 });
    return;
  }
  const { stdout } = await run(['qemu-img', 'info', '--output=json', sizeFrom], {
    signal,
    timeoutMs: 30_000,
  });
  const size = String(JSON.parse(stdout)['virtual-size']);
  // -u: do not open the backing file, which is not in its place yet.
  await run([...argv, backing, '-u', path, size], { signal, timeoutMs: 30_000 });
}

async function makeMemory(path: string, memoryMiB: number): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.truncate(memoryMiB * 1024 * 1024);
}
