import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { namePattern, type Report, runStep, WrennError } from '@wrenn/core';
import { timed } from '@wrenn/service';
import type { MachineShape } from '../engine/engine.ts';
import type { RootfsImage } from '../images/image-set.ts';
import { templateBoots } from '../metrics/metrics.ts';
import type { RootImages } from '../root-images/root-images.ts';
import { type BuildParts, buildTemplate } from './build-template.ts';
import { checkUnaltered, readSnapshot, type TemplateSnapshot } from './template-snapshot.ts';

/** Part of every key: raise it when what is stored changes its meaning. */
const formatVersion = 1;
const buildingPrefix = '.building-';

export interface TemplateParts extends BuildParts {
  readonly rootImages: RootImages;
}

/**
 * The snapshots that capsules start from, one per template and shape. A template is called by the name of its recipe, or
 * by the ID of an image that was made of a capsule. A shape that was not asked for before is
 * booted once, by whoever asks first; the others wait for the same build.
 */
export class TemplateStore {
  readonly #directory: string;
  readonly #parts: TemplateParts;
  readonly #report: Report;
  readonly #building = new Map<string, Promise<TemplateSnapshot>>();
  /** Ends builds with the agent, not with the request that happened to come first. */
  readonly #signal: AbortSignal;

  private constructor(directory: string, parts: TemplateParts, report: Report, signal: AbortSignal) {
    this.#directory = directory;
    this.#parts = parts;
    this.#report = report;
    this.#signal = signal;
  }

  static async open(
    directory: string,
    parts: TemplateParts,
    report: Report,
    signal: AbortSignal,
  ): Promise<TemplateStore> {
    await mkdir(directory, { recursive: true, mode: 0o711 });
    return new TemplateStore(directory, parts, report, signal);
  }

  get names(): string[] {
    return Object.keys(this.#parts.images.rootfs);
  }

  /** Of a template that was built: what its capsules' disks lie on. */
  diskOf(key: string): string {
    return join(this.#directory, key, this.#parts.engine.disks.templateFiles.disk);
  }

  /** An empty overlay of that disk, to make others from. */
  emptyDiskOf(key: string): string {
    return join(this.#directory, key, this.#parts.engine.disks.templateFiles.blank);
  }

  /** The snapshot to start from, built if it must be. `not_found` for an unknown template. */
  async ensure(template: string, shape: MachineShape): Promise<TemplateSnapshot> {
    const key = this.keyOf(template, shape);
    const running = this.#building.get(key);
    if (running !== undefined) return running;
    const ready = this.#ensure(template, shape, key);
    this.#building.set(key, ready);
    try {
      return await ready;
    } finally {
      this.#building.delete(key);
    }
  }

  /** Removes half-made builds and snapshots that are outdated and that no capsule lies on. Returns their names. */
  async sweep(keysInUse: ReadonlySet<string>): Promise<string[]> {
    const removed: string[] = [];
    for (const name of await readdir(this.#directory)) {
      if (keysInUse.has(name) || (await this.#isCurrent(name))) continue;
      await rm(join(this.#directory, name), { recursive: true, force: true });
      removed.push(name);
    }
    return removed;
  }

  /** Removes what was booted from one template, but for what capsules lie on. Returns how many are left. */
  async drop(template: string, keysInUse: ReadonlySet<string>): Promise<number> {
    const names = await readdir(this.#directory);
    const booted = names.filter((name) => name.startsWith(`${template}-`));
    const unused = booted.filter((name) => !keysInUse.has(name));
    for (const name of unused) await rm(join(this.#directory, name), { recursive: true, force: true });
    return booted.length - unused.length;
  }

  async #ensure(template: string, shape: MachineShape, key: string): Promise<TemplateSnapshot> {
    const destination = join(this.#directory, key);
    const present = await readSnapshot(key, destination);
    if (present !== undefined) {
      await checkUnaltered(present);
      return present;
    }
    const rootfs = this.#rootfsOf(template);
    if (rootfs === undefined) throw unknownTemplate(template);
    const temporary = join(this.#directory, `${buildingPrefix}${key}`);
    const step = `template ${template} (${shape.vcpus} vCPU, ${shape.memoryMiB} MiB)`;
    return runStep(this.#report, step, async (note) => {
      await rm(temporary, { recursive: true, force: true });
      const build = { template, key, rootfs, shape, destination, temporary };
      await timed(
        (outcome, seconds) => templateBoots.observe({ outcome }, seconds),
        () => buildTemplate(build, this.#parts, note, this.#signal),
      );
      const built = await readSnapshot(key, destination);
      if (built === undefined)
        throw new WrennError('agent_error', `template ${template} vanished after its build`);
      return { value: built, cached: false };
    });
  }

  /** Everything that a snapshot depends on, so that a change of any of it leads to a new one. */
  keyOf(template: string, shape: MachineShape): string {
    const rootfs = this.#rootfsOf(template);
    if (rootfs === undefined) throw unknownTemplate(template);
    const { engine, images } = this.#parts;
    const { name, isolation, build, cpu } = engine.traits;
    const inputs = [
      formatVersion,
      { name, isolation, build, cpu },
      images.kernel.hash,
      images.runtime.hash,
      rootfs.hash,
      rootfs.path,
    ];
    const hash = createHash('sha256')
      .update(JSON.stringify([...inputs, shape]))
      .digest('hex')
      .slice(0, 16);
    return `${template}-${shape.vcpus}x${shape.memoryMiB}-${hash}`;
  }

  async #isCurrent(name: string): Promise<boolean> {
    if (name.startsWith(buildingPrefix)) return false;
    // One whose manifest cannot be read is built again when it is asked for.
    const snapshot = await readSnapshot(name, join(this.#directory, name)).catch(() => undefined);
    if (snapshot === undefined) return false;
    const { template, vcpus, memoryMiB } = snapshot.manifest;
    switch (this.#parts.rootImages.stateOf(template)) {
      case 'unreadable':
        return true;
      case 'deleted':
        return false;
      default:
        return this.#rootfsOf(template) !== undefined && this.keyOf(template, { vcpus, memoryMiB }) === name;
    }
  }

  #rootfsOf(template: string): RootfsImage | undefined {
    if (!namePattern.test(template)) return undefined;
    const { images, rootImages } = this.#parts;
    return Object.hasOwn(images.rootfs, template) ? images.rootfs[template] : rootImages.find(template);
  }
}

function unknownTemplate(template: string): WrennError {
  return new WrennError('not_found', `there is no template ${template}`, { field: 'template' });
}
