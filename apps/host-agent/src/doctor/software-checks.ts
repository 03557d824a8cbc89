import { WrennError } from '@wrenn/core';
import { detectSupport } from '../cgroup/hierarchies.ts';
import { run } from '../process/run.ts';
import { missingPackages } from '../setup/host-packages.ts';
import { type Check, type Finding, fail, ok, warn } from './check.ts';

const timeoutMs = 10_000;

export const packagesCheck: Check = {
  id: 'packages',
  examine: ({ signal }) =>
    unlessRefused('run npm start', async () => {
      const missing = await missingPackages(signal);
      if (missing.length === 0) return ok('all Debian packages are installed');
      const install = `apt-get install --no-install-recommends ${missing.join(' ')}`;
      return fail(`not installed: ${missing.join(', ')}`, `run npm start, or ${install}`);
    }),
};

export const nftCheck: Check = {
  id: 'nftables',
  examine: ({ signal }) =>
    unlessRefused('run as root on a kernel with nf_tables', async () => {
      await run(['nft', 'list', 'tables'], { signal, timeoutMs });
      return ok('nft answers');
    }),
};

export const namespacesCheck: Check = {
  id: 'network-namespaces',
  examine: ({ signal }) =>
    unlessRefused('run as root; in a container, with CAP_SYS_ADMIN', async () => {
      await run(['unshare', '--net', '--', 'true'], { signal, timeoutMs });
      return ok('network namespaces can be made');
    }),
};

export const cgroupsCheck: Check = {
  id: 'cgroups',
  async examine() {
    const support = await detectSupport();
    switch (support.version) {
      case 2:
        return ok('cgroup v2');
      case 1:
        return support.missing.length === 0
          ? ok('cgroup v1')
          : warn(`cgroup v1 without ${support.missing.join(', ')}: these are not bounded`, cgroupRemedy);
      case 'none':
        return warn(`virtual machines are not bounded: ${support.reason}`, cgroupRemedy);
    }
  },
};
const cgroupRemedy =
  'boot with systemd.unified_cgroup_hierarchy=1, or mount the controllers cpu, memory and pids';

/** A program that is missing or does not work here is a finding; any other fault is thrown. */
async function unlessRefused(remedy: string, examine: () => Promise<Finding>): Promise<Finding> {
  try {
    return await examine();
  } catch (thrown) {
    if (!(thrown instanceof WrennError)) throw thrown;
    if (thrown.code !== 'agent_error' && thrown.code !== 'missing_prerequisite') throw thrown;
    return fail(thrown.message, thrown.remedy ?? remedy);
  }
}
