import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Cleanup, deadline, newId, Secret, WrennError, zeroId } from '@wrenn/core';
import type { CgroupHost } from '../cgroup/cgroup-host.ts';
import type { Engine, Machine, MachineShape } from '../engine/engine.ts';
import { machineLimits } from '../engine/machine-limits.ts';
import { flush } from '../files/flush.ts';
import { GuestClient } from '../guest/guest-client.ts';
import type { Identity } from '../guest/init-request.ts';
import { warmUp } from '../guest/warm-up.ts';
import type { ImageSet, RootfsImage } from '../images/image-set.ts';
import { guestMetadata } from '../metadata-service/metadata.ts';
import type { MetadataService } from '../metadata-service/metadata-service.ts';
import type { SlotPool } from '../network/slot-pool.ts';
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
  const disk = join(build.temporary, parts.engine.disks.templateFiles.disk);
  await parts.engine.disks.makeTemplateDisk({ path: disk, image: build.rootfs.path, owner: slot }, limit);
  await makeMemory(file('memory'), build.shape.memoryMiB);
  await chown(file('memory'), slot.uid, slot.gid);

  note('booting');
  const hostSecret = new Secret(randomBytes(32).toString('hex'));
  const identity = templateIdentity(hostSecret);
  const metadata = guestMetadata({ ...identity, accessToken: identity.accessToken.reveal() });
  const spec = {
    ...build.shape,
    directory: build.temporary,
    slot,
    cgroup,
    images: parts.images,
    disks: [disk] as const,
    metadata: { ...metadata },
  };
  const { wasRead } = parts.metadata.publish(slot, metadata);
  await cleanup.add('metadata', () => parts.metadata.withdraw(slot));
  const machine = await parts.engine.boot(spec, { path: file('memory') }, limit);
  await cleanup.add('virtual machine', () => machine.kill());
  const guest = new GuestClient(slot.hostAddress, identity.accessToken);
  await cleanup.add('guest client', () => guest.close());
  const receipt = await withConsole(machine, async () => {
    const first = await guest.init(identity, undefined, limit);
    note('warming up');
    await warmUp(guest, identity, wasRead, limit);
    return first;
  });
  guest.close();

  note('freezing');
  await machine.stop(limit);
  await machine.saveState(file('deviceState'), limit);
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
async function withConsole<T>(machine: Machine, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = WrennError.from(thrown, 'talking to the guest');
    const said = await machine.consoleTail();
    throw new WrennError(error.code, `${error.message}; the guest's console ends in: ${said}`, {
      cause: thrown,
    });
  }
}

/** Gives the files to root, readable by every VMM; only the memory has to be writable for their group too. */
async function publish(
  build: TemplateBuild,
  parts: BuildParts,
  facts: { hostSecret: Secret; envdVersion: string; vmmGroup: number },
  signal: AbortSignal,
): Promise<void> {
  const file = (name: keyof typeof templateFiles) => join(build.temporary, templateFiles[name]);
  const { traits, disks } = parts.engine;
  const [disk, diskInPlace] = [
    join(build.temporary, disks.templateFiles.disk),
    join(build.destination, disks.templateFiles.disk),
  ];
  const blank = join(build.temporary, disks.templateFiles.blank);
  const made = await disks.finishTemplate({ disk, diskInPlace, blank, image: build.rootfs.path }, signal);
  for (const path of [disk, file('memory'), file('deviceState'), ...made]) {
    const isMemory = path === file('memory');
    await chown(path, 0, isMemory ? facts.vmmGroup : 0);
    await chmod(path, isMemory ? 0o660 : 0o644);
    await flush(path);
  }
  await writeManifest(build.temporary, {
    version: 1,
    template: build.template,
    ...build.shape,
    engine: traits.name,
    engineBuild: traits.build,
    isolation: traits.isolation,
    kernelVersion: parts.images.kernel.version,
    envdVersion: facts.envdVersion,
    hostSecret: facts.hostSecret.reveal(),
    memorySha256: await sha256Of(file('memory')),
    deviceStateSha256: await sha256Of(file('deviceState')),
    memoryStamp: await stampOf(file('memory')),
    disk: disks.templateFiles.disk,
    emptyDisk: disks.templateFiles.blank,
  });
  await chown(build.temporary, 0, 0);
  await chmod(build.temporary, 0o755);
  await rm(build.destination, { recursive: true, force: true });
  await rename(build.temporary, build.destination);
}

async function makeMemory(path: string, memoryMiB: number): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.truncate(memoryMiB * 1024 * 1024);
}
