import { deadline, WrennError } from '@wrenn/core';
import { type CheckConfig, fail } from './check.ts';
import { type Diagnosis, runDoctor } from './run-doctor.ts';

/** All checks together; the one that may boot a guest has a shorter limit of its own. */
const deadlineMs = 30_000;

/**
 * `host-agent doctor`: prints what was found, as JSON with `--json`, and sets the exit code: 1 when a check fails.
 * Settings that cannot be read are such a finding, and the only one.
 */
export async function doctor(readConfig: () => CheckConfig): Promise<void> {
  const diagnosis = await diagnose(readConfig);
  const text = process.argv.includes('--json') ? JSON.stringify(diagnosis) : formatDiagnosis(diagnosis);
  process.stdout.write(`${text}\n`);
  if (diagnosis.checks.some((check) => check.status === 'fail')) process.exitCode = 1;
}

async function diagnose(readConfig: () => CheckConfig): Promise<Diagnosis> {
  using limit = deadline(deadlineMs, 'examining this machine');
  try {
    return await runDoctor({ ...readConfig(), signal: limit });
  } catch (thrown) {
    if (!(thrown instanceof WrennError) || thrown.code !== 'missing_prerequisite') throw thrown;
    return { checks: [{ id: 'settings', ...fail(thrown.message, thrown.remedy ?? 'set them right') }] };
  }
}

/** A line for each check, and one more where there is something to do. */
export function formatDiagnosis({ checks }: Diagnosis): string {
  const width = Math.max(...checks.map((check) => check.id.length));
  return checks
    .flatMap(({ id, status, detail, remedy }) => [
      `${status.padEnd(4)}  ${id.padEnd(width)}  ${detail}`,
      ...(remedy === null ? [] : [`${' '.repeat(width + 8)}-> ${remedy}`]),
    ])
    .join('\n');
}
