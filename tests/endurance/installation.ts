import { access, cp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
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
    const leftOver = [...(await filesIn(wrenn.directory)), ...(await machinesOf(wrenn.directory))];
    if (outcome.losses.length + leftOver.length > 0) await keepLogs(wrenn, options);
    return { ...outcome, leftOver };
  } catch (thrown) {
    await keepLogs(wrenn, options);
    throw thrown;
  } finally {
    await wrenn.stop();
    await store.unmount();
  }
}

/** What the services wrote, for one who looks for the cause. */
async function keepLogs(wrenn: WrennInstallation, { seed, note }: RunOptions): Promise<void> {
  const kept = join(tmpdir(), `wrenn-endurance-${seed}`);
  await cp(join(wrenn.directory, 'logs'), kept, { recursive: true, force: true });
  note(`the logs of the services are kept in ${kept}`);
}

/** Virtual machines that nobody ended. */
async function machinesOf(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.flatMap((pid, index) => {
    const command = commands[index] ?? '';
    return /^[^\0]*qemu-system/.test(command) && command.includes(directory)
      ? [`machine with PID ${pid}`]
      : [];
  });
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
