/** Days of UTC as `YYYY-MM-DD`, both included; by default the last 30, 92 at the most. */
export interface UsageOptions {
  readonly from?: string;
  readonly to?: string;
}

export interface UsageReport {
  readonly from: string;
  readonly to: string;
  /** Days without use are not there. */
  readonly points: readonly DayOfUsage[];
}

export interface DayOfUsage {
  readonly date: string;
  /** vCPUs that capsules had, times minutes. */
  readonly cpuMinutes: number;
  /** MB that they had, times minutes; half of it while paused. */
  readonly ramMbMinutes: number;
}

export type StatsRange = '5m' | '1h' | '6h' | '24h' | '30d';

export interface CapsuleStats {
  readonly range: StatsRange;
  readonly current: {
    readonly runningCount: number;
    readonly vcpusReserved: number;
    readonly memoryMbReserved: number;
  };
  /** The largest of the last 30 days, each by itself. */
  readonly peaks: { readonly runningCount: number; readonly vcpus: number; readonly memoryMb: number };
  /** The largest of each part of the range; its label is when it begins. */
  readonly series: {
    readonly labels: readonly string[];
    readonly running: readonly number[];
    readonly vcpus: readonly number[];
    readonly memoryMb: readonly number[];
  };
}
