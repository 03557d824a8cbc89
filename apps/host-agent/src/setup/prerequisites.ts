import { WrennError } from '@wrenn/core';
import type { Check, CheckContext } from '../doctor/check.ts';
import { imagesCheck } from '../doctor/images-check.ts';
import {
  diskCheck,
  platformCheck,
  rootCheck,
  temporaryFilesCheck,
  tunCheck,
} from '../doctor/machine-checks.ts';

/** What set-up cannot mend by itself, in the order in which a person would. */
const checks: readonly Check[] = [platformCheck, rootCheck, tunCheck, temporaryFilesCheck];

/** Throws `missing_prerequisite` or `no_space` for the first thing that keeps this machine from running capsules. */
export async function checkPrerequisites(context: CheckContext): Promise<void> {
  for (const check of checks) await demand(check, context);
  // Space for images is needed only where they have to be made.
  const images = await imagesCheck.examine(context);
  if (images.status === 'fail') await demand(diskCheck, context);
}

async function demand(check: Check, context: CheckContext): Promise<void> {
  const { status, detail, remedy } = await check.examine(context);
  if (status !== 'fail') return;
  const code = check === diskCheck ? 'no_space' : 'missing_prerequisite';
  throw new WrennError(code, detail, remedy === null ? {} : { remedy });
}
