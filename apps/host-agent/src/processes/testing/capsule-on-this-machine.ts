import { type CapsuleId, Secret } from '@wrenn/core';
import type { RunningCapsule } from '../../capsules/capsule.ts';
import type { CapsuleContext } from '../../capsules/capsules.ts';
import { StandInCapsules } from '../../capsules/testing/stand-in-capsules.ts';
import { GuestClient } from '../../guest/guest-client.ts';
import { startEnvdProcess } from '../../guest/testing/envd-process.ts';

export interface CapsuleOnThisMachine extends AsyncDisposable {
  readonly context: CapsuleContext;
  readonly id: CapsuleId;
  readonly capsule: RunningCapsule;
}

/** A capsule whose programs run on this machine: a real daemon and a real client of it, and no machine of its own. */
export async function startCapsuleOnThisMachine(): Promise<CapsuleOnThisMachine> {
  const envd = await startEnvdProcess();
  const guest = new GuestClient('127.0.0.1', new Secret('of nobody'), { port: envd.port });
  const host = new StandInCapsules();
  const capsule = Object.assign(host.add({}), { guest });
  return {
    context: host.context,
    id: capsule.id,
    capsule,
    async [Symbol.asyncDispose]() {
      guest.close();
      await envd[Symbol.asyncDispose]();
    },
  };
}
