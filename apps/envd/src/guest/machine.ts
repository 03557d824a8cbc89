import { reseedRandomPool, stepWallClock } from '@wrenn/sys';
import { giveHostname } from '../identity/hostname.ts';
import { giveMachineId } from '../identity/machine-id.ts';
import { installCaBundle } from '../trust/ca-bundle.ts';

/** What `/init` changes of the machine around the daemon. All are synchronous: nothing else runs in between. */
export interface Machine {
  /** Returns by how many nanoseconds the wall clock moved. */
  stepClock(toNs: bigint): bigint;
  reseed(entropy: Uint8Array): void;
  giveHostname(name: string): void;
  /** Undefined when the file system does not take one. */
  giveMachineId(id: string): string | undefined;
  /** False when the image keeps no list of authorities. */
  installCaBundle(pem: string): boolean;
}

export const capsuleMachine: Machine = {
  stepClock: stepWallClock,
  reseed: reseedRandomPool,
  giveHostname: (name) => giveHostname(name, '/etc'),
  giveMachineId: (id) => giveMachineId(id, '/etc'),
  installCaBundle: (pem) => installCaBundle(pem, '/etc/ssl/certs/ca-certificates.crt'),
};
