import type { Colors } from '../output/colors.ts';
import { formatDuration } from '../output/duration.ts';

/** What is known of one step. Times in milliseconds of the renderer's clock. */
export type Row =
  | { readonly state: 'running'; readonly beganAt: number; readonly note: string }
  | { readonly state: 'done'; readonly beganAt: number; readonly ms: number; readonly cached: boolean };

/** All steps in the order in which they began, with what each took. */
export function tableLines(rows: ReadonlyMap<string, Row>, now: number, colors: Colors): string[] {
  const width = Math.max(0, ...[...rows.keys()].map((step) => step.length));
  return [...rows].map(([step, row]) => rowLine(step.padEnd(width), row, now, colors));
}

export function rowLine(step: string, row: Row, now: number, colors: Colors): string {
  if (row.state === 'running') {
    const note = row.note === '' ? '' : `  ${colors.dim(row.note)}`;
    return `  ${colors.yellow('…')} ${step}  ${formatDuration(now - row.beganAt).padStart(7)}${note}`;
  }
  const cached = row.cached ? colors.dim('  there already') : '';
  return `  ${colors.green('✓')} ${step}  ${formatDuration(row.ms).padStart(7)}${cached}`;
}
