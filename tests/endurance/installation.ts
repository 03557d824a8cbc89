import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WrennInstallation } from '../support/wrenn-installation.ts';
import { type Outcome, Run, type RunOptions } from './run.ts';
import { StoreFileSystem } from './store-file-system.ts';
import { WrennSaboteur } from './wrenn-saboteur.ts';
import { WrennSubject } from './wrenn-subject.ts';

/** For the memory of five capsules and four snapshots, several times over. */
const storeBytes = 4 * 1024 ** 3;
const slots = { first: 25_500, count: 64 };

export interface Endured extends Outcome {
  /** What is on disk after everything was destroyed. */
  readonly leftOver: readonly string[];
}

/** Plays a life of an installation of its own, and removes it. */
export async function endure(options: RunOptions): Promise<Endured> {
  await using wrenn = await WrennInstallation.create(slots);
  const mountPoint = join(wrenn.directory, 'snapshots');
  const store = await StoreFileSystem.mount(mountPoint, `${wrenn.directory}.ext4`, storeBytes);
  try {
    await wrenn.start();
    const subject = new WrennSubject(wrenn.baseUrl, await wrenn.apiKey());
    const outcome = await new Run(subject, new WrennSaboteur(wrenn, store), options).play();
    const leftOver = await filesIn(wrenn.directory);
    return { ...outcome, leftOver };
  } finally {
    await wrenn.stop();
    await store.unmount();
  }
}

/** Everything of capsules and snapshots; their folders themselves stay. */
async function filesIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ['capsules', 'snapshots', 'snapshots/disks', 'snapshots/layers']) {
    const names = await namesIn(join(directory, folder));
    found.push(...names.filter((name) => !isFolderOfStore(folder, name)).map((name) => `${folder}/${name}`));
  }
  return found;
}

function isFolderOfStore(folder: string, name: string): boolean {
  return folder === 'snapshots' && (name === 'disks' || name === 'layers');
}

async function namesIn(path: string): Promise<string[]> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  return exists ? await readdir(path) : [];
}
