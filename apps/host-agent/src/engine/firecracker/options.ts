import type { Logger } from '@wrenn/service';
import type { RawDisks } from '../../disks/raw/raw-disks.ts';
import type { FirecrackerBuild } from './builds.ts';

/** What an engine is opened with. */
export interface FirecrackerSettings {
  /** Ascending; new machines get the last. */
  readonly builds: readonly [FirecrackerBuild, ...FirecrackerBuild[]];
  readonly console: 'off' | 'boot';
  readonly log: Logger;
}

export interface FirecrackerOptions extends FirecrackerSettings {
  readonly disks: RawDisks;
  /** A folder of root's for the roots of jailed VMMs; made when it is needed. */
  readonly jails: string;
  /** A folder of root's for the code of page servers, see PageServerPlace; made when it is needed. */
  readonly codeCache: string;
}
