import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { MachineSize } from './limits.ts';

/** How large this machine is, as its kernel sees it. */
export function machineSize(): MachineSize {
  const limit = (name: string) => Number(readFileSync(`/proc/sys/kernel/${name}`, 'utf8'));
  return { memoryBytes: totalmem(), threads: Math.min(limit('threads-max'), limit('pid_max')) };
}
