import { existsSync } from 'node:fs';
import { createLogger } from '@wrenn/service';
import type { ConformanceHost, ConformanceSubject } from '@wrenn/testkit/engine-conformance';
import { vi } from 'vitest';
import { findImages } from '../../images/images.ts';
import { probeKvm } from '../../setup/probe-kvm.ts';
import { findBuilds } from '../firecracker/builds.ts';
import { FirecrackerEngine } from '../firecracker/firecracker-engine.ts';
import { Qmp } from '../qemu/qmp.ts';
import { guestHost } from './guest-subject.ts';
import { type EngineHost, MachineFixture } from './machine-fixture.ts';

const never = new AbortController().signal;
const memoryMiB = 256;
const cacheDirectory = process.env['WRENN_CACHE_DIR'] ?? '/var/cache/wrenn';
const builds = process.env['WRENN_FIRECRACKER_DIR'] ?? '/opt/wrenn/firecracker';

export const qemuSubject: ConformanceSubject = {
  name: 'qemu',
  missing: undefined,
  lacks: {},
  open: openQemu,
};

/** Why Firecracker cannot run on this machine is found out by looking for it. */
export async function firecrackerSubject(): Promise<ConformanceSubject> {
  return {
    name: 'firecracker',
    missing: await whyNoFirecracker(),
    lacks: { 'readable memory': 'its process maps its memory by a name of its own, or by none' },
    open: openFirecracker,
  };
}

async function whyNoFirecracker(): Promise<string | undefined> {
  const { usable } = await findBuilds(builds, never);
  const missing = [
    ...(existsSync('/dev/kvm') ? [] : ['there is no /dev/kvm']),
    ...(usable.length > 0 ? [] : [`there is no build in ${builds}`]),
  ];
  if (missing.length > 0) return missing.join(', and ');
  const options = { cacheDirectory, report: () => undefined, signal: never };
  const runsGuests = await probeKvm({ images: await findImages(options), ...options });
  return runsGuests ? undefined : 'the KVM of this machine runs no ordinary guest';
}

async function openQemu(): Promise<ConformanceHost> {
  const connect = vi.spyOn(Qmp, 'connect');
  const fixture = await MachineFixture.open(memoryMiB);
  const { disks, traits } = fixture.engine;
  return guestHost({
    fixture,
    // A machine serves one connection at a time.
    async letGo() {
      for (const { value } of connect.mock.settledResults) if (value instanceof Qmp) value[Symbol.dispose]();
    },
    capabilities: {
      snapshot: 'yes',
      diff: 'by its page table',
      'live checkpoint': 'disk by switch',
      'lazy memory': 'base only, mapped',
      metadata: 'by the agent',
      balloon: 'no',
      'rate limits': 'no',
      'disk method': disks.method,
      isolation: traits.isolation,
    },
  });
}

async function openFirecracker(): Promise<ConformanceHost> {
  const fixture = await MachineFixture.open(memoryMiB, openFirecrackerEngine);
  const { disks, traits } = fixture.engine;
  return guestHost({
    fixture,
    letGo: async () => undefined,
    capabilities: {
      snapshot: 'yes',
      diff: 'by its log of writes',
      'live checkpoint': 'disk by copy',
      'lazy memory': 'page server',
      metadata: 'by the VMM',
      balloon: 'yes',
      'rate limits': 'yes',
      'disk method': disks.method,
      isolation: traits.isolation,
    },
  });
}

async function openFirecrackerEngine({ isolation, directory }: EngineHost): Promise<FirecrackerEngine> {
  if (isolation !== 'kvm') throw new Error('the KVM of this machine runs no ordinary guest');
  const [first, ...more] = (await findBuilds(builds, never)).usable;
  if (first === undefined) throw new Error(`there is no build in ${builds}`);
  const settings = { builds: [first, ...more], console: 'off', log: createLogger('test', 'silent') } as const;
  return await FirecrackerEngine.open(settings, directory, never);
}
