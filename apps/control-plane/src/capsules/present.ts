import type { z } from 'zod';
import type { Capsule } from './capsule.ts';
import type { CreatedCapsule, Step } from './create.ts';
import { type capsuleBody, type createdBody, factsOf, type stepsBody } from './schemas.ts';

/** A capsule as clients get it. */
export function present(capsule: Capsule): z.output<typeof capsuleBody> {
  const { engine, isolation, failure } = capsule.facts;
  return {
    id: capsule.id,
    status: capsule.status,
    template: capsule.template,
    vcpus: capsule.vcpus,
    memory_mb: capsule.memoryMb,
    disk_size_mb: capsule.diskSizeMb,
    timeout_sec: capsule.timeoutSec,
    auto_resume: capsule.autoResume,
    public_ports: capsule.publicPorts,
    ...(engine === undefined ? {} : { engine }),
    ...(isolation === 'kvm' || isolation === 'emulated' ? { isolation } : {}),
    // Another one has that address by now, if it does not run.
    ...(capsule.hostIp === '' || capsule.status !== 'running' ? {} : { host_ip: capsule.hostIp }),
    ...(failure === undefined || capsule.status !== 'error' ? {} : { failure }),
    created_at: capsule.createdAt.toISOString(),
    ...(capsule.startedAt === undefined ? {} : { started_at: capsule.startedAt.toISOString() }),
    ...(capsule.lastActiveAt === undefined ? {} : { last_active_at: capsule.lastActiveAt.toISOString() }),
    ...(capsule.pausedAt === undefined ? {} : { paused_at: capsule.pausedAt.toISOString() }),
    last_updated: capsule.lastUpdated.toISOString(),
    metadata: { ...capsule.metadata, ...factsOf(capsule.facts) },
  };
}

export function presentCreated({ capsule, steps }: CreatedCapsule): z.output<typeof createdBody> {
  return {
    ...present(capsule),
    steps: presentSteps(steps),
  };
}

export function presentSteps(steps: readonly Step[]): z.output<typeof stepsBody> {
  return steps.map(({ name, durationMs }) => ({ name, duration_ms: rounded(durationMs) }));
}

/** Hundredths of a millisecond, or of a percent, say enough. */
export function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
