import { createHash, randomBytes } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ConformanceHost,
  type ConformanceSubject,
  type ConformingGuest,
  markers,
  type RunningMachine,
  type StartPoint,
} from '@wrenn/testkit/engine-conformance';
import { inView } from '../firecracker/place.ts';
import type { MachineRecord } from '../machine-record.ts';
import { frozenTemplate } from './fake-captures.ts';
import { FakeFirecrackerHost, type FakeMachine } from './fake-firecracker-host.ts';

const never = new AbortController().signal;
const page = 4096;
const mebibyte = 1 << 20;
const textBytes = 128;
/** Where `fill` writes: also over the border of the fake's two regions. */
const filled = [10 * mebibyte, 30 * mebibyte, 63.5 * mebibyte, 75 * mebibyte] as const;
const noGuest = 'the fake runs no guest';

/** Firecracker's engine with a fake Firecracker, whose memory and drives are real. */
export const fakeFirecrackerSubject: ConformanceSubject = {
  name: 'firecracker on the fake VMM',
  missing: undefined,
  lacks: { guest: noGuest },
  open: openHost,
};

async function openHost(): Promise<ConformanceHost> {
  const host = await FakeFirecrackerHost.open();
  const template = await frozenTemplate(host);
  const { size } = await stat(template.snapshot.memory.base);
  const records = new Map<number, MachineRecord>();
  return {
    directory: host.directory,
    memoryBytes: size,
    template,
    capabilities: {
      snapshot: 'yes',
      diff: 'by its log of writes',
      'live checkpoint': 'disk by copy',
      'lazy memory': 'page server',
      metadata: 'by the VMM',
      balloon: 'configured',
      'rate limits': 'configured',
      'disk method': host.engine.disks.method,
      isolation: 'none, a fake',
    },
    async start(from, signal) {
      const started = await host.restore(from.snapshot, from.disk, signal);
      records.set(started.machine.record.pid, started.machine.record);
      return runningMachine(host, started, from);
    },
    async adopt(record) {
      const known = records.get(record.pid);
      if (known === undefined) throw new Error('no machine of this test');
      return await (await host.anotherEngine()).adopt({ ...known, ...record }, never);
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

let seals = 0;

function runningMachine(host: FakeFirecrackerHost, of: FakeMachine, from: StartPoint): RunningMachine {
  const { machine, directory, spec } = of;
  return {
    machine,
    guest: standIn(of),
    slot: spec.slot,
    directory,
    procsFiles: spec.cgroup.procsFiles,
    from,
    async sealDisk() {
      const { sealing } = host.engine.disks;
      if (sealing.by !== 'copy') throw new Error("Firecracker's disks are sealed by a copy");
      const to = join(host.directory, `sealed-${seals++}`);
      await sealing.copy({ from: of.disk, to, owner: { uid: 0, gid: 0 } }, never);
      await chmod(to, 0o644);
      return to;
    },
    // An API of requests, which any number of agents may send.
    letGo: async () => undefined,
    end: of.end,
  };
}

/** What a guest would do, done to its memory and its drive. */
function standIn({ guest }: FakeMachine): ConformingGuest {
  const placeOf = (marker: (typeof markers)[number]) => (markers.indexOf(marker) + 1) * 16 * page;
  const fillWith = async (bytes: () => Buffer) => {
    for (const offset of filled) await guest.write(offset, bytes());
  };
  const drive = inView('rootfs');
  const notHere = async (): Promise<never> => {
    throw new Error(noGuest);
  };
  return {
    put: (marker, text) => guest.write(placeOf(marker), padded(text)),
    get: async (marker) => unpadded(await guest.read(placeOf(marker), textBytes)),
    fill: () => fillWith(() => randomBytes(mebibyte)),
    clear: () => fillWith(() => Buffer.alloc(mebibyte)),
    async sum() {
      const hash = createHash('sha256');
      for (const offset of filled) hash.update(await guest.read(offset, mebibyte));
      return hash.digest('hex');
    },
    writeDisk: (text) => guest.writeDrive(drive, 5 * page, padded(text)),
    readDisk: async () => unpadded(await guest.readDrive(drive, 5 * page, textBytes)),
    startCounting: notHere,
    count: notHere,
    memorySum: () => guest.sum(),
  };
}

function padded(text: string): Buffer {
  const bytes = Buffer.alloc(textBytes);
  bytes.write(text);
  return bytes;
}

function unpadded(bytes: Buffer): string {
  return bytes.toString().replace(/\0+$/, '');
}
