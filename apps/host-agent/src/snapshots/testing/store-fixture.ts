import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { type EngineTraits, type Machine, pageBytes } from '../../engine/engine.ts';
import { sha256Of, stampOf, templateFiles, writeManifest } from '../../templates/template-snapshot.ts';
import type { DraftFacts } from '../draft.ts';
import type { DiskId, Snapshot } from '../snapshot-store.ts';
import { SnapshotStore } from '../snapshot-store.ts';
import { SimulatedGuest } from './simulated-guest.ts';

const templateKey = 'minimal-1x4-0';

export const traits: EngineTraits = {
  name: 'qemu',
  isolation: 'kvm',
  build: 'build',
  builds: ['build'],
  cpu: 'cpu',
};
export const never = new AbortController().signal;

/** A store on real files with one booted template of random memory. */
export class StoreFixture implements AsyncDisposable {
  readonly directory: string;
  readonly memoryMiB: number;
  /** How its machines' VMM keeps what was written. */
  readonly unwritten: Machine['unwritten'];
  store: SnapshotStore;

  private constructor(
    directory: string,
    memoryMiB: number,
    unwritten: Machine['unwritten'],
    store: SnapshotStore,
  ) {
    this.directory = directory;
    this.memoryMiB = memoryMiB;
    this.unwritten = unwritten;
    this.store = store;
  }

  static async make(memoryMiB: number, unwritten: Machine['unwritten'] = 'base'): Promise<StoreFixture> {
    const directory = await mkdtemp('/var/tmp/snapshots-');
    const template = join(directory, 'templates', templateKey);
    await mkdir(template, { recursive: true });
    await makeTemplate(template, memoryMiB);
    return new StoreFixture(directory, memoryMiB, unwritten, await openStore(directory));
  }

  get templateDirectory(): string {
    return join(this.directory, 'templates', templateKey);
  }

  get templateMemory(): string {
    return join(this.templateDirectory, templateFiles.memory);
  }

  get pages(): number {
    return (this.memoryMiB * 1024 * 1024) / pageBytes;
  }

  /** What the next start of the agent finds. */
  async reopen(): Promise<void> {
    this.store = await openStore(this.directory);
  }

  /** The template again, of the same name, with other memory. */
  async rebuildTemplate(): Promise<void> {
    await makeTemplate(this.templateDirectory, this.memoryMiB);
  }

  async boot(): Promise<SimulatedGuest> {
    return await SimulatedGuest.start({ base: this.templateMemory, changes: [] }, this.unwritten);
  }

  async resume(snapshot: Snapshot): Promise<SimulatedGuest> {
    return await SimulatedGuest.start(await this.store.memoryOf(snapshot), this.unwritten);
  }

  facts(): DraftFacts {
    return {
      parents: [templateKey],
      engine: traits.name,
      engineBuild: traits.build,
      isolation: traits.isolation,
      cpu: traits.cpu,
      kernelVersion: '6.1',
      envdVersion: '1',
      agentVersion: '1',
      vcpus: 1,
      memoryMiB: this.memoryMiB,
      template: { key: templateKey, name: 'minimal' },
      guest: {
        ...{ capsuleId: 'cl-a', templateId: 't', hostSecret: 's' },
        ...{ defaultUser: 'root', defaultEnv: {}, defaultWorkdir: '' },
      },
    };
  }

  async capture(
    guest: SimulatedGuest,
    parent: Snapshot | undefined,
    disks: readonly DiskId[] = [],
  ): Promise<Snapshot> {
    await using draft = await this.store.begin(newId('snapshot'));
    await draft.writeMemory(
      { runs: guest.writtenPages(), unwritten: guest.unwritten },
      parent,
      this.memoryMiB,
      never,
    );
    await draft.writeDeviceState(await this.deviceState());
    const { snapshot } = await draft.publish(this.facts(), disks, never);
    return snapshot;
  }

  async deviceState(): Promise<string> {
    const path = join(this.directory, 'device-state');
    await writeFile(path, randomBytes(100));
    return path;
  }

  /** Every file and folder of the store, beside its own three folders. */
  async left(): Promise<string[]> {
    const names = await readdir(this.store.paths.directory, { recursive: true });
    return names.filter((name) => name !== 'layers' && name !== 'disks').toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function openStore(directory: string): Promise<SnapshotStore> {
  return await SnapshotStore.open({
    directory: join(directory, 'snapshots'),
    templatesDirectory: join(directory, 'templates'),
    diskSuffix: '.qcow2',
    log: createLogger('test', 'silent'),
  });
}

async function makeTemplate(directory: string, memoryMiB: number): Promise<void> {
  const memory = join(directory, templateFiles.memory);
  await writeFile(memory, randomBytes(memoryMiB * 1024 * 1024));
  await writeFile(join(directory, 'disk.qcow2'), 'disk');
  await writeManifest(directory, {
    version: 1,
    template: 'minimal',
    vcpus: 1,
    memoryMiB,
    engine: traits.name,
    engineBuild: traits.build,
    isolation: traits.isolation,
    kernelVersion: '6.1',
    envdVersion: '1',
    hostSecret: 's',
    memorySha256: await sha256Of(memory),
    deviceStateSha256: '',
    memoryStamp: await stampOf(memory),
  });
}
