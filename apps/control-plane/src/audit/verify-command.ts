import { parseArgs } from 'node:util';
import { describeError, parseId, type Report, WrennError } from '@wrenn/core';
import type { ControlPlaneConfig } from '../config.ts';
import { openDatabase } from '../db/database.ts';
import { existingSecret } from '../secrets/secrets.ts';
import { chainKey } from './digest.ts';
import { type Verdict, verifyChains } from './verify.ts';

const step = 'audit log';
const sayEveryMs = 1_000;

/** `audit verify [--team ID]`; prints the verdict as one line of JSON. Ends with 1 where something is wrong. */
export async function auditCommand(
  config: ControlPlaneConfig,
  args: readonly string[],
  report: Report,
): Promise<Readonly<Record<string, string>>> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { team: { type: 'string' } },
  });
  if (positionals.join(' ') !== 'verify') {
    throw new WrennError('invalid_request', 'audit can only verify', { remedy: 'audit verify [--team ID]' });
  }
  const team = values.team === undefined ? undefined : parseId('team', values.team, 'team');
  const database = openDatabase(config.databaseUrl, (fault) => {
    process.stderr.write(`database: ${describeError(fault)}\n`);
  });
  try {
    const key = chainKey(await existingSecret(config.directory, 'audit'));
    const seen = whenLong((entries) => report({ kind: 'note', step, text: `${entries} entries` }));
    const verdict = await verifyChains(database, key, { team, seen });
    return said(verdict);
  } finally {
    await database.destroy();
  }
}

function said(verdict: Verdict): Readonly<Record<string, string>> {
  const text = JSON.stringify(verdict);
  process.stdout.write(`${text}\n`);
  if (verdict.wrong > 0) process.exitCode = 1;
  return { verdict: text };
}

/** Beyond a second, and once in each. */
function whenLong(say: (entries: number) => void): (entries: number) => void {
  let last = Date.now();
  return (entries) => {
    if (Date.now() - last < sayEveryMs) return;
    last = Date.now();
    say(entries);
  };
}
