import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What a guest with the host's own CPU sees of it: model and features. */
export async function hostCpu(): Promise<string> {
  return parseCpu(await readFile('/proc/cpuinfo', 'utf8'));
}

/** From /proc/cpuinfo. The features are hashed: there are some two hundred. */
export function parseCpu(cpuinfo: string): string {
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(cpuinfo)?.[1]?.trim() ?? '';
  const features = createHash('sha256')
    .update(field('flags').split(' ').toSorted().join(' '))
    .digest('hex')
    .slice(0, 16);
  return [field('vendor_id'), field('cpu family'), field('model'), field('stepping'), features].join(' ');
}
