import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { hashInputs } from '../images/content-hash.ts';
import type { ImageSet } from '../images/image-set.ts';
import { run } from '../process/run.ts';
import { findProgram } from './find-program.ts';

export interface ProbeOptions {
  readonly images: Pick<ImageSet, 'kernel'>;
  readonly cacheDirectory: string;
  readonly signal: AbortSignal;
}

/** What the initrd prints when the kernel argument `wrenn.probe` is given. */
const marker = 'wrenn-probe-ok';
/** With KVM it takes well under a second; a machine whose KVM cannot do it hangs instead. */
const timeoutMs = 6_000;
const qemu = 'qemu-system-x86_64';

const answer = z.object({ key: z.string(), usable: z.boolean() });

/**
 * Whether this machine's KVM runs an ordinary guest, found out by starting one: there are machines whose /dev/kvm
 * opens and then runs only kernels made for them. The answer is kept until the machine boots again or the kernel
 * image or QEMU changes. Throws only when `signal` aborts or QEMU is not installed.
 */
export async function probeKvm(options: ProbeOptions): Promise<boolean> {
  if (!(await hasDevice())) return false;
  const program = await findProgram(qemu);
  if (program === undefined) {
    throw new WrennError('missing_prerequisite', `the program ${qemu} is not installed`, {
      remedy: 'apt-get install qemu-system-x86',
    });
  }
  const file = join(options.cacheDirectory, 'kvm-probe.json');
  const key = await answerKey(options.images.kernel.hash, program);
  const known = await readAnswer(file);
  if (known?.key === key) return known.usable;
  const usable = await bootGuest(program, options);
  await writeAnswer(file, { key, usable });
  return usable;
}

async function bootGuest(program: string, { images, signal }: ProbeOptions): Promise<boolean> {
  const { vmlinuz, initrd } = images.kernel;
  try {
    const { stdout } = await run(
      [
        // QEMU aborts on some machines whose KVM lacks what it takes for granted: without leaving a core file.
        ...(['prlimit', '--core=0', '--', program] as const),
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
        ...['-accel', 'kvm', '-cpu', 'host', '-M', 'microvm,rtc=on', '-smp', '1', '-m', '128'],
        ...['-kernel', vmlinuz, '-initrd', initrd],
        ...['-append', 'console=ttyS0 quiet panic=-1 reboot=t wrenn.probe'],
        ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
      ],
      { signal, timeoutMs },
    );
    return stdout.includes(marker);
  } catch (thrown) {
    signal.throwIfAborted();
    // A guest that hangs and a QEMU that gives up are both an answer.
    if (thrown instanceof WrennError && ['agent_error', 'deadline_exceeded'].includes(thrown.code))
      return false;
    throw thrown;
  }
}

async function hasDevice(): Promise<boolean> {
  return (await stat('/dev/kvm').catch(absent))?.isCharacterDevice() ?? false;
}

/** Changes with everything that the answer depends on; no program is started for it. */
async function answerKey(kernelHash: string, program: string): Promise<string> {
  const { size, mtimeMs } = await stat(program);
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  return hashInputs({ bootId, kernelHash, qemu: `${program} ${size} ${mtimeMs}` });
}

async function readAnswer(file: string): Promise<z.output<typeof answer> | undefined> {
  const text = await readFile(file, 'utf8').catch(absent);
  if (text === undefined) return undefined;
  try {
    return answer.parse(JSON.parse(text));
  } catch (thrown) {
    // Damaged: ask the machine again.
    if (thrown instanceof SyntaxError || thrown instanceof z.ZodError) return undefined;
    throw thrown;
  }
}

async function writeAnswer(file: string, content: z.output<typeof answer>): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(temporary, JSON.stringify(content));
  await rename(temporary, file);
}

function absent(thrown: unknown): undefined {
  if (systemCode(thrown) === 'ENOENT') return undefined;
  throw thrown;
}
