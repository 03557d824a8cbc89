import { randomUUID } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GuestConsole, kernelCommandLine } from '../engine/firecracker/kernel-command-line.ts';
import { hostTscKhz } from '../engine/qemu/host-tsc.ts';
import { run } from '../process/run.ts';
import { probeKvm } from '../setup/probe-kvm.ts';
import { envdBuild } from './envd-build.ts';
import type { EnvdSource } from './envd-source.ts';
import { makeExt4 } from './ext4.ts';
import type { ImageSet } from './image-set.ts';
import { ensureImages, findImages } from './images.ts';
import { partsBuild } from './parts.ts';
import { runtimeBuild } from './runtime.ts';
import { hashSparseFile } from './sparse-hash.ts';
import { ImageStore } from './store.ts';

/** The machine's own cache: making all images takes a minute, and what is found there is what capsules run. */
const cacheDirectory = process.env['WRENN_CACHE_DIR'] ?? '/var/cache/wrenn';
const { signal } = new AbortController();
const report = () => undefined;
const note = () => undefined;

/** Stands where envd would: prints what it finds around it and ends, which ends the machine. */
const inspector = `
const { execFileSync } = require('node:child_process');
const { existsSync, fsyncSync, openSync, readFileSync, readlinkSync, writeSync } = require('node:fs');
const attempt = (work) => { try { return work(); } catch { return null; } };
const found = {
  node: process.version,
  path: process.env.PATH,
  mounts: readFileSync('/proc/mounts', 'utf8'),
  controllers: readFileSync('/sys/fs/cgroup/cgroup.subtree_control', 'utf8'),
  hostname: readFileSync('/proc/sys/kernel/hostname', 'utf8'),
  hosts: readFileSync('/etc/hosts', 'utf8'),
  resolver: readFileSync('/etc/resolv.conf', 'utf8'),
  devices: ['/dev/null', '/dev/ptmx', '/dev/pts', '/dev/shm', '/dev/fd'].filter(existsSync),
  descriptors: [0, 1, 2].map((fd) => attempt(() => readlinkSync('/proc/1/fd/' + fd))),
  sudo: attempt(() => execFileSync('su', ['user', '-c', 'sudo -n id -u; cd; pwd; python --version'], { encoding: 'utf8' })),
};
// On a drive of its own: what reaches the console is mixed with the kernel's messages, and may be cut.
const fd = openSync('/dev/vdc', 'r+');
writeSync(fd, JSON.stringify(found));
fsyncSync(fd);
`;
const inspectorSource: EnvdSource = {
  fingerprint: async () => 'inspector',
  async bundle(directory) {
    await writeFile(join(directory, 'envd.cjs'), inspector);
    return { files: ['envd.cjs'], version: '0.0.0' };
  },
};

let images: ImageSet;
let scratch = '';
let inspectorDrive = '';

beforeAll(async () => {
  images = await ensureImages({ cacheDirectory, report, signal });
  scratch = await mkdtemp(join(tmpdir(), 'wrenn-images-'));
  await chmod(scratch, 0o755);
  inspectorDrive = await makeInspectorDrive();
}, 600_000);
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function makeInspectorDrive(): Promise<string> {
  const store = new ImageStore(join(scratch, 'cache'));
  await store.open(signal);
  const { artifact: envd } = await store.ensure(await envdBuild(inspectorSource), { note, signal });
  const parts = await partsBuild();
  const builtParts = await new ImageStore(cacheDirectory).ensure(parts, { note, signal });
  const runtime = await runtimeBuild(parts, envd, async () => builtParts.artifact);
  const { artifact } = await store.ensure(runtime, { note, signal });
  return join(artifact.directory, 'runtime.ext4');
}

interface Machine {
  readonly type: string;
  readonly kernel: 'vmlinuz' | 'vmlinux';
  readonly arguments: string;
}

const ordinary: Machine = {
  type: 'microvm,rtc=on',
  kernel: 'vmlinuz',
  arguments: 'console=ttyS0 quiet panic=-1 reboot=t',
};

/** As near to Firecracker as QEMU gets: the same file and arguments, and drives are named nowhere but in ACPI. */
const likeFirecracker = (console: GuestConsole): Machine => ({
  type: 'microvm,rtc=on,acpi=on,auto-kernel-cmdline=off',
  kernel: 'vmlinux',
  arguments: kernelCommandLine({ console }),
});

/** Boots to the end of the machine and returns its console. */
async function boot(drives: readonly string[], kernelArguments = '', machine = ordinary): Promise<string> {
  const tscKhz = await hostTscKhz();
  const clock = tscKhz === undefined ? '' : `tsc=reliable tsc_early_khz=${tscKhz}`;
  const { stdout } = await run(
    [
      'qemu-system-x86_64',
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
      ...['-accel', 'tcg,tb-size=32', '-cpu', 'max', '-M', machine.type, '-smp', '1', '-m', '512'],
      ...['-kernel', images.kernel[machine.kernel], '-initrd', images.kernel.initrd],
      ...['-append', `${machine.arguments} ${clock} ${kernelArguments}`],
      ...drives.flatMap((options, index) => [
        ...['-drive', `id=d${index},if=none,format=raw,${options}`],
        ...['-device', `virtio-blk-device,drive=d${index}`],
      ]),
    ],
    { signal, timeoutMs: 60_000 },
  );
  return stdout;
}

// snapshot=on: what the guest writes is thrown away.
const rootDrive = () => `file=${images.rootfs['minimal']?.path},snapshot=on`;
const runtimeDrive = () => `file=${inspectorDrive},readonly=on`;

/** Boots with the inspector, and returns what it found. */
async function inspect(rootDisk: string, machine = ordinary): Promise<Record<string, unknown>> {
  const result = join(scratch, `found-${randomUUID()}`);
  await writeFile(result, Buffer.alloc(64 * 1024));
  const console = await boot([rootDisk, runtimeDrive(), `file=${result}`], '', machine);
  const text = (await readFile(result, 'utf8')).replace(/\0+$/, '');
  if (text === '') throw new Error(`the guest did not get as far as envd:\n${console}`);
  return JSON.parse(text);
}

describe('the images', () => {
  it('are found again without making anything', async () => {
    expect(await findImages({ cacheDirectory, report, signal })).toEqual(images);
  });

  it('say what is missing, and what to do, where they were never made', async () => {
    const empty = { cacheDirectory: join(scratch, 'empty'), report, signal };
    await expect(findImages(empty)).rejects.toMatchObject({
      code: 'missing_prerequisite',
      remedy: 'run npm start, which builds what is missing',
    });
    await expect(access(empty.cacheDirectory)).rejects.toThrow('ENOENT');
  });

  it('are readable for the users that VMMs run as', async () => {
    const files = [images.kernel.vmlinuz, images.kernel.vmlinux, images.kernel.initrd, images.runtime.path];
    for (const path of files) expect((await stat(path)).mode & 0o777).toBe(0o644);
  });

  it('keep the root disk sparse', async () => {
    const { size, blocks } = await stat(images.rootfs['minimal']?.path ?? '');
    expect(size).toBe(5120 * 1024 * 1024);
    expect(blocks * 512).toBeLessThan(400 * 1024 * 1024);
  });
});

describe('a guest of the minimal image', () => {
  let found: Record<string, unknown>;
  beforeAll(async () => {
    found = await inspect(rootDrive());
  });

  it('runs envd with the Node of the runtime drive', () => {
    expect(found['node']).toBe(process.version);
  });

  it('has its drives and file systems mounted', () => {
    const mounts = found['mounts'];
    expect(mounts).toMatch(/^\/dev\/vda \/ ext4 rw,noatime,discard/m);
    expect(mounts).toMatch(/^\/dev\/vdb \/run\/wrenn\/runtime ext4 ro,nodev/m);
    for (const path of ['/proc', '/sys', '/dev', '/dev/pts', '/dev/shm', '/tmp', '/run', '/sys/fs/cgroup']) {
      expect(mounts).toContain(` ${path} `);
    }
  });

  it('has the devices that programs expect', () => {
    expect(found['devices']).toEqual(['/dev/null', '/dev/ptmx', '/dev/pts', '/dev/shm', '/dev/fd']);
  });

  it('hands controllers down, so that envd can set bounds', () => {
    expect(String(found['controllers']).trim().split(' ').sort()).toEqual(['cpu', 'io', 'memory', 'pids']);
  });

  it('is called capsule, and can look that up', () => {
    expect(found['hostname']).toBe('capsule\n');
    expect(found['hosts']).toMatch(/^127\.0\.1\.1 capsule$/m);
  });

  it("asks the agent's resolver", () => {
    expect(found['resolver']).toBe('nameserver 169.254.0.22\n');
  });

  it('has a user with sudo, a home and python', () => {
    expect(found['sudo']).toMatch(/^0\n\/home\/user\nPython 3\.\d+\.\d+\n$/);
  });
});

describe('other guests', () => {
  it('run envd on a root file system that is empty', async () => {
    const tree = join(scratch, 'nothing');
    const path = join(scratch, 'nothing.ext4');
    await mkdir(tree);
    await makeExt4({ tree, path, sizeMiB: 256, label: 'nothing', use: 'writable' }, signal);
    const found = await inspect(`file=${path}`);
    expect(found).toMatchObject({ hostname: 'capsule\n', resolver: 'nameserver 169.254.0.22\n', sudo: null });
  });

  it('end with a line on the console when the runtime drive is missing', async () => {
    expect(await boot([rootDrive()])).toContain('wrenn-initrd: failed: /dev/vdb did not appear within 5 s');
  });

  it('end with a line on the console when the root drive holds no file system', async () => {
    const path = join(scratch, 'blank');
    await using file = await open(path, 'wx');
    await file.truncate(1024 * 1024);
    const console = await boot([`file=${path}`, runtimeDrive()]);
    expect(console).toContain('wrenn-initrd: failed: mounting the root drive /dev/vda');
  });

  it('answer the probe from the initrd alone', async () => {
    expect(await boot([], 'wrenn.probe')).toContain('wrenn-probe-ok');
  });
});

describe("a guest with Firecracker's kernel and arguments", () => {
  it('starts from the unpacked kernel and prints where there is a serial port', async () => {
    expect(await boot([], 'wrenn.probe', likeFirecracker('serial'))).toContain('wrenn-probe-ok');
  });

  it.each(['serial', 'off'] as const)('runs envd with its serial port %s', async (console) => {
    const found = await inspect(rootDrive(), likeFirecracker(console));
    expect(found['mounts']).toMatch(/^\/dev\/vdb \/run\/wrenn\/runtime ext4 ro,nodev/m);
    // A process that begins without them would get files it opens in their place.
    expect(found['descriptors']).not.toContain(null);
  });

  it('ends when its runtime drive is missing, also where it cannot say so', async () => {
    expect(await boot([rootDrive()], '', likeFirecracker('off'))).toBe('');
  });
});

describe('probeKvm', () => {
  it('keeps its answer until something changes', async () => {
    const options = { images, cacheDirectory: join(scratch, 'probe'), signal };
    const answer = await probeKvm(options);
    const file = join(options.cacheDirectory, 'kvm-probe.json');
    const kept = await readFile(file, 'utf8').catch(() => undefined);
    // Without a /dev/kvm there is nothing to find out, and nothing to keep.
    if (kept === undefined) return expect(answer).toBe(false);
    const opposite = { ...JSON.parse(kept), usable: !answer };
    await writeFile(file, JSON.stringify(opposite));
    expect(await probeKvm(options)).toBe(!answer);
    const otherKernel = { kernel: { ...images.kernel, hash: 'another' } };
    expect(await probeKvm({ ...options, images: otherKernel })).toBe(answer);
  });
});

describe('hashSparseFile', () => {
  it('tells no difference between a hole and zeros', async () => {
    const sizeBytes = 1024 * 1024;
    const content = Buffer.alloc(sizeBytes);
    content.write('something', 300_000);
    const [dense, sparse] = [join(scratch, 'dense'), join(scratch, 'sparse')];
    await writeFile(dense, content);
    await using file = await open(sparse, 'wx');
    await file.write('something', 300_000);
    await file.truncate(sizeBytes);
    expect(await hashSparseFile(sparse, signal)).toBe(await hashSparseFile(dense, signal));
    await file.write('another', 300_000);
    expect(await hashSparseFile(sparse, signal)).not.toBe(await hashSparseFile(dense, signal));
  });
});
