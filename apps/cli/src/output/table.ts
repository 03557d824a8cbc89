import type { Colors } from './colors.ts';

/** Columns as wide as their widest cell, two blanks between them, without blanks at the end of a line. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  colors: Colors,
): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [colors.dim(line(head)), ...rows.map(line)];
}
