/** `no`: it was tried, and is not so. */
export type Cell = string;
export type Results = ReadonlyMap<string, ReadonlyMap<string, Cell>>;

/** Rows in the order in which they first came; a long reason is given a number, and is said below the table. */
export function formatTable(columns: Results): string {
  const names = [...columns.keys()];
  const rows = [...new Set([...columns.values()].flatMap((cells) => [...cells.keys()]))];
  const reasons: string[] = [];
  const short = (cell: Cell): string => {
    const why = /^skipped \((.*)\)$/s.exec(cell)?.[1];
    if (why === undefined) return cell;
    if (!reasons.includes(why)) reasons.push(why);
    return `skipped (${reasons.indexOf(why) + 1})`;
  };
  const lines = [
    ['', ...names],
    ...rows.map((row) => [row, ...names.map((name) => short(columns.get(name)?.get(row) ?? '-'))]),
  ];
  const widths =
    lines[0]?.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0))) ?? [];
  const aligned = lines.map((line) =>
    line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [...aligned, ...reasons.map((why, index) => `(${index + 1}) ${why}`)].join('\n');
}
