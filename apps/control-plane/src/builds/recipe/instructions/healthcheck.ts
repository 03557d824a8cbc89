import { durationMs } from '../duration.ts';
import type { Check, Healthcheck, RecipeFormat } from '../instruction.ts';
import type { Cursor } from '../text/cursor.ts';
import { readCommand } from './command.ts';
import { type Flag, flagValue, readFlags } from './flags.ts';

/** What is meant where nothing is said: Docker's watch over a container for good, Wrenn wait for the start once. */
const defaults: Readonly<Record<RecipeFormat, Omit<Healthcheck, 'command'>>> = {
  recipe: { intervalMs: 3_000, timeoutMs: 10_000, startPeriodMs: 0, retries: 0 },
  dockerfile: { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, startIntervalMs: 5_000, retries: 3 },
};

const names = ['interval', 'timeout', 'start-period', 'start-interval', 'retries'];

export function readHealthcheckInstruction(cursor: Cursor): Check {
  const { written } = cursor;
  const flags = readFlags(cursor, names);
  const { at } = cursor;
  if (cursor.take(/none(?=[ \t]|$)/iy) !== undefined) {
    if (cursor.rest !== '' || flags.size > 0)
      cursor.refuse('NONE stands alone', 'write HEALTHCHECK NONE', at);
    return { ...written, kind: 'healthcheck', check: 'none' };
  }
  const marked = cursor.take(/cmd(?=[ \t]|$)[ \t]*/iy) !== undefined;
  if (!marked && cursor.format === 'dockerfile') {
    cursor.refuse('HEALTHCHECK without CMD or NONE', 'write HEALTHCHECK CMD COMMAND', at);
  }
  if (cursor.next === undefined) cursor.refuse('HEALTHCHECK without a command', 'write it at the end');
  const start = cursor.at;
  const command = readCommand(cursor);
  if (command.form === 'exec' && !command.argv[0])
    cursor.refuse('no program to check with', 'name it', start);
  return { ...written, kind: 'healthcheck', check: { ...readTimes(cursor, flags), command } };
}

function readTimes(cursor: Cursor, flags: ReadonlyMap<string, Flag>): Omit<Healthcheck, 'command'> {
  const given = defaults[cursor.format];
  const time = (name: string): number | undefined =>
    flagValue(cursor, flags, name, durationMs, 'write a time up to a day like 500ms, 30s or 2m');
  // In Docker 0 stands for the default everywhere.
  const startIntervalMs = time('start-interval') || given.startIntervalMs;
  return {
    intervalMs: time('interval') || given.intervalMs,
    timeoutMs: time('timeout') || given.timeoutMs,
    startPeriodMs: time('start-period') ?? given.startPeriodMs,
    retries: flagValue(cursor, flags, 'retries', count, 'write a number up to 1000') || given.retries,
    ...(startIntervalMs === undefined ? {} : { startIntervalMs }),
  };
}

function count(text: string): number | undefined {
  return /^\d{1,4}$/.test(text) && Number(text) <= 1_000 ? Number(text) : undefined;
}
