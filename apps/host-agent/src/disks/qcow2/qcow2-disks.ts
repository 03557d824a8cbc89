import { lchown } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { run } from '../../process/run.ts';
import type { EngineDisks, FlattenOptions, MergeOptions, NewDisk, TemplateDisk } from '../engine-disks.ts';
import { backingOf } from './backing.ts';
import { flattenDisks } from './flatten.ts';
import { mergeDisks } from './merge.ts';
import { makeOverlay } from './overlay.ts';

const programDeadlineMs = 30_000;

/** Overlays that name what they lie on. */
export const qcow2Disks: EngineDisks = {
  method: 'qcow2',
  kind: 'layer',
  suffix: '.qcow2',
  templateFiles: { disk: 'disk.qcow2', blank: 'empty.qcow2' },
  sealing: { by: 'switch' },

  async make({ path, below, like, owner }: NewDisk): Promise<void> {
    const [template, ...layers] = below;
    await makeOverlay({ path, backing: layers.at(-1) ?? template, like, owner });
  },

  async makeTemplateDisk({ path, image, owner }: TemplateDisk, signal: AbortSignal): Promise<void> {
    await create(['-F', 'raw', '-b', image, path], signal);
    await lchown(path, owner.uid, owner.gid);
  },

  async finishTemplate({ disk, diskInPlace, blank, image }, signal): Promise<readonly string[]> {
    // The machine that booted wrote to it: one that was taken over could name a file that only root may read.
    if ((await backingOf(disk)) !== image)
      throw new WrennError('agent_error', 'the disk of the template does not lie on its image any more');
    const { stdout } = await run(['qemu-img', 'info', '--output=json', disk], {
      signal,
      timeoutMs: programDeadlineMs,
    });
    const size = String(JSON.parse(stdout)['virtual-size']);
    // -u: the backing file is not opened, as it is not in its place yet.
    await create(['-F', 'qcow2', '-b', diskInPlace, '-u', blank, size], signal);
    return [blank];
  },

  async merge(options: MergeOptions): Promise<void> {
    await mergeDisks(options);
  },

  async flatten(options: FlattenOptions): Promise<void> {
    await flattenDisks(options);
  },
};

async function create(args: readonly string[], signal: AbortSignal): Promise<void> {
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', ...args], { signal, timeoutMs: programDeadlineMs });
}
