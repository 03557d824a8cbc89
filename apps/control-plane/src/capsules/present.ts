import type { z } from 'zod';
import type { Capsule } from './capsule.ts';
import type { CreatedCapsule } from './create.ts';
import { type capsuleBody, type createdBody, factsOf } from './schemas.ts';

/** A capsule as clients get it. */
export function present(capsule: Capsule): z.output<typeof capsuleBody> {
  const { engine, isolation } = capsule.facts;
  return {
    id: capsule.id,
    status: capsule.status,
    template: capsule.template,
    vcpus: capsule.vcpus,
    memory_mb: capsule.memoryMb,
    disk_size_mb: capsule.diskSizeMb,
    timeout_sec: capsule.timeoutSec,
    ...(engine === undefined ? {} : { engine }),
    ...(isolation === 'kvm' || isolation === 'emulated' ? { isolation } : {}),
    ...(capsule.hostIp === '' ? {} : { host_ip: capsule.hostIp }),
    created_at: capsule.createdAt.toISOString(),
    ...(capsule.startedAt === undefined ? {} : { started_at: capsule.startedAt.toISOString() }),
    ...(capsule.lastActiveAt === undefined ? {} : { last_active_at: capsule.lastActiveAt.toISOString() }),
    last_updated: capsule.lastUpdated.toISOString(),
    metadata: { ...capsule.metadata, ...factsOf(capsule.facts) },
  };
}

export function presentCreated({ capsule, steps }: CreatedCapsule): z.output<typeof createdBody> {
  return {
    ...present(capsule),
    steps: steps.map(({ name, durationMs }) => ({ name, duration_ms: Math.round(durationMs * 100) / 100 })),
  };
}
