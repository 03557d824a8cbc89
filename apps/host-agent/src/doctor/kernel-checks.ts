import { access, readdir, readFile } from 'node:fs/promises';
import { systemCode } from '@wrenn/core';
import { type Check, type Finding, ok, warn } from './check.ts';

/** A setting of the host's kernel that a file shows, and what it means for capsules. */
interface KernelSetting {
  readonly id: string;
  /** The first that exists is read. */
  readonly files: readonly string[];
  /** `text` is the file's content without the last newline; undefined when none of the files is there. */
  judge(text: string | undefined): Finding;
}

export const kernelSettings: readonly KernelSetting[] = [
  {
    id: 'swap',
    files: ['/proc/swaps'],
    judge(text) {
      // The first line names the columns.
      return (text ?? '').split('\n').length <= 1
        ? ok('no swap')
        : warn(
            'swap is on: memory of capsules can be left on the disk',
            'swapoff -a, or encrypt the swap space',
          );
    },
  },
  {
    id: 'ksm',
    files: ['/sys/kernel/mm/ksm/run'],
    judge(text) {
      return text === undefined || text === '0'
        ? ok('memory is not merged')
        : warn(
            'KSM merges equal memory of different capsules, which lets one find out what another holds',
            'echo 2 >/sys/kernel/mm/ksm/run',
          );
    },
  },
  {
    id: 'nested-virtualisation',
    files: ['/sys/module/kvm_intel/parameters/nested', '/sys/module/kvm_amd/parameters/nested'],
    judge(text) {
      return text === 'Y' || text === '1'
        ? warn(
            'guests may use virtualisation themselves, which opens much of KVM to them',
            'load the module with nested=0: options kvm_intel nested=0 (or kvm_amd) in /etc/modprobe.d',
          )
        : ok('guests cannot use virtualisation themselves');
    },
  },
  {
    id: 'smt',
    files: ['/sys/devices/system/cpu/smt/active'],
    judge(text) {
      return text === '1'
        ? warn(
            'two capsules can share a core at the same time, and with it its caches',
            'boot with nosmt where tenants do not trust each other',
          )
        : ok('no core is shared at the same time');
    },
  },
  {
    id: 'ip-forward',
    files: ['/proc/sys/net/ipv4/ip_forward'],
    judge(text) {
      return text === '1'
        ? ok('IPv4 is forwarded')
        : warn('IPv4 is not forwarded: capsules do not reach the network', 'sysctl -w net.ipv4.ip_forward=1');
    },
  },
];

export const kernelChecks: readonly Check[] = kernelSettings.map(({ id, files, judge }) => ({
  id,
  examine: async () => judge(await firstOf(files)),
}));

export const userfaultfdCheck: Check = {
  id: 'userfaultfd',
  async examine() {
    try {
      await access('/dev/userfaultfd');
      return ok('/dev/userfaultfd is there');
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') throw thrown;
      return warn(
        'there is no /dev/userfaultfd: snapshots are not restored page by page',
        'use Linux 6.1 or newer with CONFIG_USERFAULTFD',
      );
    }
  },
};

const vulnerabilitiesFolder = '/sys/devices/system/cpu/vulnerabilities';

export const vulnerabilitiesCheck: Check = {
  id: 'cpu-vulnerabilities',
  async examine() {
    const found = await Promise.all(
      (await namesIn(vulnerabilitiesFolder)).map(
        async (name) => [name, (await firstOf([`${vulnerabilitiesFolder}/${name}`])) ?? ''] as const,
      ),
    );
    return judgeVulnerabilities(new Map(found));
  },
};

/** What the kernel says of each fault of processors, by name; see its Documentation/ABI/testing/sysfs-devices-system-cpu. */
export function judgeVulnerabilities(found: ReadonlyMap<string, string>): Finding {
  const open = [...found].filter(([, text]) => text.startsWith('Vulnerable')).map(([name]) => name);
  if (open.length === 0) return ok('the kernel knows of no fault of this processor that is not dealt with');
  return warn(
    `capsules may be able to read what is not theirs: the kernel does not deal with ${open.join(', ')}`,
    'install the current kernel and microcode, and boot without mitigations=off',
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) {
    try {
      return (await readFile(file, 'utf8')).trimEnd();
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT' && systemCode(thrown) !== 'ENODEV') throw thrown;
    }
  }
  return undefined;
}
