import { access, readFile } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';

/**
 * The frequency of this machine's time stamp counter in kHz, where it can be told; an emulated guest sees the same
 * counter. Told this way the guest does not measure it at boot, which fails while the host is busy: the measuring
 * guest is then interrupted too often, and a kernel without the answer has no other timer here and hangs.
 */
export async function hostTscKhz(): Promise<number | undefined> {
  if (await exists('/sys/devices/system/cpu/cpu0/cpufreq')) return undefined;
  return parseTscKhz(await readFile('/proc/cpuinfo', 'utf8'));
}

/**
 * From /proc/cpuinfo of a machine without frequency scaling (virtual machines, mostly): "cpu MHz" is the counter's
 * frequency there, as the kernel measured or was told it. Undefined where it shows the core's momentary speed.
 */
export function parseTscKhz(cpuinfo: string): number | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(' ') ?? [];
  if (!flags.includes('constant_tsc') || flags.includes('aperfmperf')) return undefined;
  const speeds = new Set([...cpuinfo.matchAll(/^cpu MHz\s*:\s*(\d+\.\d{3})$/gm)].map((match) => match[1]));
  const [speed] = speeds;
  return speed === undefined || speeds.size > 1 ? undefined : Math.round(Number(speed) * 1000);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
