import { deadline } from '@wrenn/core';
import type { CheckConfig } from './check.ts';
import { type Diagnosis, runDoctor } from './run-doctor.ts';

/** All checks together; the one that may boot a guest has a shorter limit of its own. */
const deadlineMs = 30_000;

/**
 * `host-agent doctor`: prints what was found, as JSON with `--json`, and sets the exit code: 1 when a check fails.
 */
export async function doctor(config: CheckConfig): Promise<void> {
  using limit = deadline(deadlineMs, 'examining this machine');
  const diagnosis = await runDoctor({ ...config, signal: limit });
  const text = process.argv.includes('--json') ? JSON.stringify(diagnosis) : formatDiagnosis(diagnosis);
  process.stdout.write(`${text}\n`);
  if (diagnosis.checks.some((check) => check.status === 'fail')) process.exitCode = 1;
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
