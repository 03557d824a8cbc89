export interface MemoryInfo {
  readonly totalBytes: number;
  /** What cannot be had without taking it from a program. */
  readonly usedBytes: number;
  readonly cacheBytes: number;
}

/** Reads /proc/meminfo, which counts in KiB. */
export function parseMemoryInfo(text: string): MemoryInfo {
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024;
  const totalBytes = bytes('MemTotal');
  return { totalBytes, usedBytes: totalBytes - bytes('MemAvailable'), cacheBytes: bytes('Cached') };
}
