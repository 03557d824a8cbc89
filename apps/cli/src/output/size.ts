const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes as people read it: `0 B`, `900 B`, `1.5 KiB`, `35.2 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit: (typeof units)[number] = 'KiB';
  for (unit of units) {
    value /= 1024;
    // What would be rounded to 1024.0 is one of the next unit.
    if (value < 1023.95) break;
  }
  return `${value.toFixed(1)} ${unit}`;
}
