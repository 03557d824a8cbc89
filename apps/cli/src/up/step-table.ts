import type { Colors } from '../output/colors.ts';
import { formatDuration } from '../output/duration.ts';

/** What is known of one step. Times in milliseconds of the renderer's clock. */
export type Row =
  | { readonly state: 'running'; readonly beganAt: number; readonly note: string }
  | { readonly state: 'unfinished'; readonly beganAt: number; readonly note: string; readonly ms: number }
  | { readonly state: 'done'; readonly beganAt: number; readonly ms: number; readonly cached: boolean };

/** All steps in the order in which they began, with what each took. */
export function tableLines(rows: ReadonlyMap<string, Row>, now: number, colors: Colors): string[] {
  const width = Math.max(0, ...[...rows.keys()].map((step) => step.length));
  return [...rows].map(([step, row]) => rowLine(step.padEnd(width), row, now, colors));
}

export function rowLine(step: string, row: Row, now: number, colors: Colors): string {
  switch (row.state) {
    case 'running':
      return `  ${colors.yellow('…')} ${step}  ${time(now - row.beganAt)}${aside(row.note, colors)}`;
    case 'unfinished':
      return `  ${colors.red('✗')} ${step}  ${time(row.ms)}${aside(row.note, colors)}`;
    case 'done':
      return `  ${colors.green('✓')} ${step}  ${time(row.ms)}${aside(row.cached ? 'there already' : '', colors)}`;
  }
}

function time(ms: number): string {
  return formatDuration(ms).padStart(7);
}

function aside(text: string, colors: Colors): string {
  return text === '' ? '' : `  ${colors.dim(text)}`;
}
