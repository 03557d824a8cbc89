import { recoverPause } from '../capsules/pause.ts';
import { recoverResume } from '../capsules/resume.ts';
import { recoverSnapshot } from '../snapshots/create.ts';
import type { Recover } from './monitor.ts';

/** Of each kind of job that another process can finish. */
export const recoveries: ReadonlyMap<string, Recover> = new Map<string, Recover>([
  ['pause', recoverPause],
  ['resume', recoverResume],
  ['snapshot', recoverSnapshot],
  ['checkpoint', recoverSnapshot],
]);
