import { type BuildId, uuidFromId } from '@wrenn/core';
import { z } from 'zod';
import type { Queryable } from '../../db/database.ts';
import type { BuildEntryKind } from '../../db/schema.ts';

export interface LogEntry {
  readonly seq: number;
  readonly step: number;
  readonly kind: BuildEntryKind;
  readonly at: Date;
  readonly body: unknown;
}

/** What was written after the entry `after`, oldest first; `limit` entries at most. */
export async function readLog(
  database: Queryable,
  id: BuildId,
  after: number,
  limit: number,
): Promise<LogEntry[]> {
  return await database
    .selectFrom('build_log')
    .select(['seq', 'step', 'kind', 'at', 'body'])
    .where('build_id', '=', uuidFromId(id))
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

const begun = z.object({ phase: z.string(), line: z.int(), text: z.string() });
const ended = z.object({
  ok: z.boolean(),
  elapsed_ms: z.number(),
  cached: z.boolean(),
  exit: z.int().optional(),
});
const said = z.object({ text: z.string() });

export interface StepLog {
  step: number;
  phase: string;
  line: number;
  cmd: string;
  stdout: string;
  stderr: string;
  notes: string[];
  exit?: number;
  ok?: boolean;
  cached?: boolean;
  elapsed_ms?: number;
}

/** The end of what a step wrote is what says how it went. */
const mostOutput = 64 * 1024;
const mostEntries = 20_000;

/** The log by steps. Of a step that was done several times, since its process died, each time is one. */
export async function readSteps(database: Queryable, id: BuildId): Promise<StepLog[]> {
  const steps: StepLog[] = [];
  for (const { step, kind, body } of await readLog(database, id, 0, mostEntries)) {
    if (kind === 'begin') {
      const { phase, line, text } = begun.parse(body);
      steps.push({ step, phase, line, cmd: text, stdout: '', stderr: '', notes: [] });
      continue;
    }
    const last = steps.at(-1);
    if (last === undefined) continue;
    if (kind === 'end') {
      Object.assign(last, ended.parse(body));
    } else {
      const { text } = said.parse(body);
      if (kind === 'note') last.notes.push(text);
      else last[kind] = (last[kind] + text).slice(-mostOutput);
    }
  }
  return steps;
}
