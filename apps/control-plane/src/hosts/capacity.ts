/** What a capsule takes of its host. */
export interface Demand {
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskMb: number;
}

export interface Capacity {
  readonly cpuCores: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

/** Kept for the host itself: an eighth, and on large machines no more than this. */
const largestMemoryReserveMb = 8192;
const largestDiskReserveMb = 30_720;
/** Capsules mostly wait, so cores are promised many times over; the VMM's CPU share keeps it fair. */
const vcpusPerCore = 16;
/** Overlays hold only what a capsule wrote; few fill their disk. Memory is never promised twice. */
const diskOvercommit = 4;

/** What capsules may be promised in all. */
export function usable(host: Capacity): Demand {
  const diskMb = host.diskGb * 1024;
  return {
    vcpus: host.cpuCores * vcpusPerCore,
    memoryMb: Math.floor(host.memoryMb - Math.min(largestMemoryReserveMb, host.memoryMb / 8)),
    diskMb: Math.floor((diskMb - Math.min(largestDiskReserveMb, diskMb / 8)) * diskOvercommit),
  };
}
