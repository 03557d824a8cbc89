import { chmod, copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleId, newId, zeroId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { FakeFirecrackerControl } from '@wrenn/testkit/fake-firecracker';
import { Admission } from '../../capsules/admission.ts';
import { type CapsuleContext, capsuleLocks } from '../../capsules/capsules.ts';
import { type CreateOptions, createCapsule } from '../../capsules/create-capsule.ts';
import { Journal } from '../../journal/journal.ts';
import { MetadataService } from '../../metadata-service/metadata-service.ts';
import { Histories } from '../../metrics/histories.ts';
import type { RootImage } from '../../root-images/root-image.ts';
import { RootImages } from '../../root-images/root-images.ts';
import { SnapshotStore } from '../../snapshots/snapshot-store.ts';
import { sha256Of, stampOf, templateFiles, writeManifest } from '../../templates/template-snapshot.ts';
import { TemplateStore } from '../../templates/template-store.ts';
import { TrafficCatalog } from '../../traffic/traffic-catalog.ts';
import { FakeFirecrackerHost, guestShape, imagesOf } from './fake-firecracker-host.ts';
import { StandInGuests } from './stand-in-guests.ts';

const log = createLogger('test', 'silent');
const never = new AbortController().signal;
const template = 'minimal';

/** An agent's capsules on a fake Firecracker, with answers in the place of guests. */
export class FakeFirecrackerAgent implements AsyncDisposable {
  readonly host: FakeFirecrackerHost;
  readonly guests: StandInGuests;
  context: CapsuleContext;
  readonly #metadata: MetadataService;
  readonly #directory: string;

  private constructor(
    host: FakeFirecrackerHost,
    guests: StandInGuests,
    metadata: MetadataService,
    context: CapsuleContext,
  ) {
    this.host = host;
    this.guests = guests;
    this.#metadata = metadata;
    this.context = context;
    this.#directory = join(host.directory, 'agent');
  }

  static async open(): Promise<FakeFirecrackerAgent> {
    const host = await FakeFirecrackerHost.open();
    const guests = await StandInGuests.open(host.range);
    const metadata = await MetadataService.open({ address: host.slots.serviceAddress, log });
    await mkdir(join(host.directory, 'agent'), { mode: 0o711 });
    const context = await contextOf(host, metadata);
    const agent = new FakeFirecrackerAgent(host, guests, metadata, context);
    await agent.#makeTemplate();
    return agent;
  }

  /** The same host as the next agent finds it, which knows only what was written down. */
  async restart(): Promise<void> {
    // The one before is dead: it sees to nothing any more.
    this.context.capsules.clear();
    const found = { engine: await this.host.anotherEngine(), slots: await this.host.anotherPool() };
    this.context = await contextOf(this.host, this.#metadata, found);
  }

  async create({
    defaultWorkdir = '',
    snapshotId,
    imageId,
  }: Partial<Pick<CreateOptions, 'defaultWorkdir' | 'snapshotId' | 'imageId'>> = {}): Promise<CapsuleId> {
    const id = newId('capsule');
    await createCapsule(
      this.context,
      {
        capsuleId: id,
        teamId: zeroId('team'),
        templateId: zeroId('template'),
        template,
        vcpus: guestShape.vcpus,
        memoryMiB: guestShape.memoryMiB,
        timeoutSec: 0,
        defaultUser: 'user',
        defaultEnv: {},
        defaultWorkdir,
        snapshotId,
        imageId,
      },
      never,
    );
    return id;
  }

  /** As if an image had been booted: a fake Firecracker boots no guests. */
  async pretendBooted(image: RootImage): Promise<string> {
    const templates = join(this.#directory, 'templates');
    const key = this.context.templates.keyOf(image.id, guestShape);
    await cp(join(templates, this.context.templates.keyOf(template, guestShape)), join(templates, key), {
      recursive: true,
    });
    const manifest = join(templates, key, templateFiles.manifest);
    const content = JSON.parse(await readFile(manifest, 'utf8'));
    await writeFile(manifest, JSON.stringify({ ...content, template: image.id }));
    return key;
  }

  /** The hold on a running capsule's memory and disk. */
  async control(id: CapsuleId): Promise<FakeFirecrackerControl> {
    return await FakeFirecrackerControl.connect(this.context.journal.machineDirectoryOf(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.traffic.close();
    await this.#metadata.close();
    await this.guests[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }

  /** As a build leaves it, but for what a guest would have done. */
  async #makeTemplate(): Promise<void> {
    const { engine } = this.context;
    const booted = await this.host.boot();
    const key = this.context.templates.keyOf(template, guestShape);
    const place = join(this.#directory, 'templates', key);
    await mkdir(place, { mode: 0o755 });
    await booted.guest.write(0, Buffer.from('of the template'));
    await booted.machine.stop(never);
    const state = join(booted.directory, 'device-state');
    await booted.machine.saveState(state, never);
    await copyFile(state, join(place, templateFiles.deviceState));
    await copyFile(booted.memory, join(place, templateFiles.memory));
    await copyFile(booted.disk, join(place, engine.disks.templateFiles.disk));
    for (const name of [templateFiles.deviceState, templateFiles.memory, engine.disks.templateFiles.disk])
      await chmod(join(place, name), 0o644);
    await writeManifest(place, {
      version: 1,
      template,
      ...guestShape,
      engine: engine.traits.name,
      engineBuild: booted.machine.build,
      isolation: engine.traits.isolation,
      kernelVersion: '6.1',
      envdVersion: 'stand-in',
      hostSecret: 'secret of the template',
      memorySha256: await sha256Of(join(place, templateFiles.memory)),
      deviceStateSha256: await sha256Of(join(place, templateFiles.deviceState)),
      memoryStamp: await stampOf(join(place, templateFiles.memory)),
      disk: engine.disks.templateFiles.disk,
      emptyDisk: engine.disks.templateFiles.blank,
    });
    await booted.end();
    await rm(booted.directory, { recursive: true, force: true });
  }
}

async function contextOf(
  host: FakeFirecrackerHost,
  metadata: MetadataService,
  { engine, slots }: Pick<CapsuleContext, 'engine' | 'slots'> = host,
): Promise<CapsuleContext> {
  const directory = join(host.directory, 'agent');
  const rootfs = { [template]: { path: join(host.directory, 'image'), hash: 'rootfs', sizeMiB: 1 } };
  const images = { ...imagesOf(host.directory), rootfs };
  const rootImages = await RootImages.open(join(directory, 'root-images'), log);
  const parts = { engine, images, rootImages, slots, cgroups: host.cgroups, metadata };
  const templatesDirectory = join(directory, 'templates');
  const journal = await Journal.open(join(directory, 'capsules'));
  return {
    ...parts,
    journal,
    metrics: new Histories(journal, log),
    templates: await TemplateStore.open(templatesDirectory, parts, () => undefined, never),
    snapshots: await SnapshotStore.open({
      directory: join(directory, 'snapshots'),
      templatesDirectory,
      diskSuffix: engine.disks.suffix,
      log,
    }),
    traffic: await TrafficCatalog.open({
      path: join(directory, 'traffic.sock'),
      log,
      onUse: () => undefined,
    }),
    admission: new Admission(),
    log,
    agentVersion: 'test',
    capsules: new Map(),
    locks: capsuleLocks(),
  };
}
