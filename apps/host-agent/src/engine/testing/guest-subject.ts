import { createHash } from 'node:crypto';
import { chmod, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  ConformanceHost,
  ConformingGuest,
  ConformingMachine,
  RunningMachine,
  StartPoint,
} from '@wrenn/testkit/engine-conformance';
import type { MachineRecord } from '../machine-record.ts';
import { type MachineFixture, sh, type TestMachine } from './machine-fixture.ts';

const never = new AbortController().signal;
const sliceBytes = 1 << 20;

export interface GuestHostOptions extends Pick<ConformanceHost, 'capabilities'> {
  readonly fixture: MachineFixture;
  /** Lets go of all machines as an agent does that ends. */
  readonly letGo: () => Promise<void>;
}

/** A host whose machines run a real guest, which programs are started in. */
export function guestHost({ fixture, capabilities, letGo }: GuestHostOptions): ConformanceHost {
  const { fresh, engine, directory } = fixture;
  const memoryBytes = fixture.template.manifest.memoryMiB << 20;
  const records = new Map<number, MachineRecord>();
  return {
    directory,
    memoryBytes,
    capabilities,
    template: { snapshot: fresh.snapshot, disk: fresh.disk },
    async start(from, signal) {
      const isFresh = from.snapshot.deviceState === fresh.snapshot.deviceState;
      const hostSecret = isFresh ? fresh.hostSecret : fixture.givenSecret;
      const started = await fixture.start({ ...from, hostSecret, written: [] }, { signal });
      records.set(started.machine.record.pid, started.machine.record);
      const guest = programs(started, memoryBytes);
      return { ...runningMachine(fixture, started, from), guest, letGo };
    },
    async adopt(record) {
      const known = records.get(record.pid);
      if (known === undefined) throw new Error('no machine of this test');
      return await engine.adopt({ ...known, ...record }, AbortSignal.timeout(10_000));
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}

function runningMachine(
  fixture: MachineFixture,
  of: TestMachine,
  from: StartPoint,
): Omit<RunningMachine, 'guest' | 'letGo'> {
  const { machine, slot, directory, end } = of;
  let [disk, seals] = [of.disk, 0];
  return {
    machine,
    slot,
    directory,
    procsFiles: of.cgroup.procsFiles,
    from,
    async sealDisk(by: ConformingMachine) {
      const { sealing, suffix } = fixture.engine.disks;
      const next = join(directory, `disk-${seals++}${suffix}`);
      const own = disk;
      if (sealing.by === 'copy') {
        await fixture.sealedCopy(own, next);
        return next;
      }
      // Those that lie on it belong to others.
      await chmod(own, 0o644);
      await fixture.overlay(next, own, slot);
      await by.switchDisk(next, never);
      disk = next;
      return own;
    },
    end,
  };
}

function programs(of: TestMachine, memoryBytes: number): ConformingGuest {
  const run = async (script: string) => {
    await sh(of, script);
  };
  return {
    put: (marker, text) => run(`echo '${text}' >/dev/shm/${marker}`),
    get: (marker) => sh(of, `[ ! -e /dev/shm/${marker} ] || cat /dev/shm/${marker}`),
    fill: () => run('head -c 12000000 /dev/urandom >/dev/shm/filled'),
    clear: () => run('dd if=/dev/zero of=/dev/shm/filled bs=1M count=10 conv=notrunc 2>/dev/null'),
    sum: () => sh(of, 'sha256sum </dev/shm/filled'),
    writeDisk: (text) => run(`echo '${text}' >/root/file; sync`),
    readDisk: () => sh(of, 'echo 3 >/proc/sys/vm/drop_caches; cat /root/file'),
    startCounting: () =>
      run(
        "setsid sh -c 'n=0; while sleep 0.01; do n=$((n+1)); echo $n >/dev/shm/next; mv /dev/shm/next /dev/shm/count; done' >/dev/null 2>&1 </dev/null & until [ -s /dev/shm/count ]; do sleep 0.05; done",
      ),
    count: async () => Number(await sh(of, 'cat /dev/shm/count')),
    memorySum: () => sumOfMapping(of.machine.record.pid, of.base, memoryBytes),
  };
}

/** Of a process that has all of a file mapped: what it has there, which may not be what is in the file. */
async function sumOfMapping(pid: number, path: string, length: number): Promise<string> {
  const maps = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n');
  const start = maps.find((line) => line.endsWith(` ${path}`))?.split('-')[0];
  if (start === undefined) throw new Error(`process ${pid} does not map ${path}`);
  await using memory = await open(`/proc/${pid}/mem`);
  const hash = createHash('sha256');
  const slice = Buffer.alloc(sliceBytes);
  for (let at = 0; at < length; at += sliceBytes) {
    const { bytesRead } = await memory.read(slice, 0, sliceBytes, BigInt(`0x${start}`) + BigInt(at));
    if (bytesRead !== sliceBytes) throw new Error(`only ${bytesRead} bytes at ${at}`);
    hash.update(slice);
  }
  return hash.digest('hex');
}
