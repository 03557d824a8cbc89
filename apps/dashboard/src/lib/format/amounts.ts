const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1536` → `1.5 KiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : shortest(value)} ${units[unit]}`;
}

/** Of memory and disks, which the API gives in MiB. */
export function mebibytes(count: number): string {
  return bytes(count * 1024 * 1024);
}

/** `83.214` → `83.2 ms`, `93000` → `1 min 33 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${shortest(ms)} ms`;
  if (ms < 60_000) return `${shortest(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

export function count(number: number): string {
  return number.toLocaleString('en');
}

function shortest(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 1 });
}
