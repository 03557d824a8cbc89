import { describeError } from '@wrenn/core';
import type { Check, CheckContext, Finding } from './check.ts';
import { directoryCheck, firecrackerCheck, rawDisksCheck } from './firecracker-checks.ts';
import { imagesCheck, kvmCheck } from './images-check.ts';
import { kernelChecks, userfaultfdCheck, vulnerabilitiesCheck } from './kernel-checks.ts';
import { diskCheck, platformCheck, rootCheck, temporaryFilesCheck, tunCheck } from './machine-checks.ts';
import { cgroupsCheck, namespacesCheck, nftCheck, packagesCheck } from './software-checks.ts';

/** In the order in which they are shown. */
export const checks: readonly Check[] = [
  platformCheck,
  rootCheck,
  packagesCheck,
  imagesCheck,
  kvmCheck,
  tunCheck,
  namespacesCheck,
  nftCheck,
  cgroupsCheck,
  temporaryFilesCheck,
  diskCheck,
  directoryCheck,
  ...kernelChecks,
  vulnerabilitiesCheck,
  userfaultfdCheck,
  firecrackerCheck,
  rawDisksCheck,
];

export interface Diagnosis {
  readonly checks: readonly (Finding & { readonly id: string })[];
}

/** Looks at everything that capsules need of this machine. A check that breaks is itself a finding. */
export async function runDoctor(context: CheckContext): Promise<Diagnosis> {
  const found = await Promise.all(
    checks.map(async (check) => ({ id: check.id, ...(await examined(check, context)) })),
  );
  return { checks: found };
}

async function examined(check: Check, context: CheckContext): Promise<Finding> {
  try {
    return await check.examine(context);
  } catch (thrown) {
    context.signal.throwIfAborted();
    const detail = `this could not be found out: ${describeError(thrown)}`;
    return { status: 'warn', detail, remedy: 'report this as a defect of Wrenn' };
  }
}
