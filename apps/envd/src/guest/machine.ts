import { reseedRandomPool, stepWallClock } from '@wrenn/sys';
import { giveEventsHost } from '../identity/events-host.ts';
import { giveHostname } from '../identity/hostname.ts';
import { writeIdentityFiles } from '../identity/identity-files.ts';
import { giveMachineId, hasMachineId } from '../identity/machine-id.ts';
import { SshHostKeys } from '../identity/ssh-host-keys.ts';
import { installCaBundle } from '../trust/ca-bundle.ts';
import type { Workload } from '../workload/workload.ts';
import type { Settings } from './settings.ts';

/** What `/init` changes of the machine around the daemon. All but the last are synchronous: nothing runs in between. */
export interface Machine {
  /** Returns by how many nanoseconds the wall clock moved. */
  stepClock(toNs: bigint): bigint;
  reseed(entropy: Uint8Array): void;
  giveHostname(name: string): void;
  hasMachineId(id: string): boolean;
  /** False when the file system does not take one. */
  giveMachineId(id: string): boolean;
  giveEventsHost(address: string): void;
  writeIdentityFiles(ids: Pick<Settings, 'capsuleId' | 'templateId'>): void;
  removeSshHostKeys(): ReturnType<SshHostKeys['remove']>;
  /** False when the image keeps no list of authorities. */
  installCaBundle(pem: string): boolean;
  /** Makes those anew that were removed. `path` is where programs are looked for. */
  renewSshHostKeys(path: string, workload: Workload): Promise<void>;
}

export function capsuleMachine(): Machine {
  const sshHostKeys = new SshHostKeys('/etc', '/run');
  return {
    stepClock: stepWallClock,
    reseed: reseedRandomPool,
    giveHostname: (name) => giveHostname(name, '/etc'),
    hasMachineId: (id) => hasMachineId(id, '/etc'),
    giveMachineId: (id) => giveMachineId(id, '/etc'),
    giveEventsHost: (address) => giveEventsHost(address, '/etc'),
    writeIdentityFiles: (ids) => writeIdentityFiles(ids, '/run'),
    removeSshHostKeys: () => sshHostKeys.remove(),
    installCaBundle: (pem) => installCaBundle(pem, '/etc/ssl/certs/ca-certificates.crt'),
    renewSshHostKeys: (path, workload) => sshHostKeys.renew(path, workload),
  };
}
