import type { StoredConfig } from './schemas.ts';

/** What a container of the image is to run, and as whom. */
export interface ImageConfig {
  /** As in a Dockerfile: `name`, `1000`, `name:group`; empty for root. */
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  /** `/` where the image names none. */
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly exposedPorts: readonly ExposedPort[];
  readonly healthcheck: ImageHealthcheck;
}

export interface ExposedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

/** `inherited`: the image says nothing of it. Times that it does not say are absent. */
export type ImageHealthcheck =
  | { readonly kind: 'inherited' }
  | { readonly kind: 'none' }
  | ({ readonly kind: 'exec'; readonly argv: readonly string[] } & HealthcheckTimes)
  | ({ readonly kind: 'shell'; readonly command: string } & HealthcheckTimes);

interface HealthcheckTimes {
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly startPeriodMs?: number;
  readonly retries?: number;
}

export function imageConfigOf({ config }: StoredConfig): ImageConfig {
  return {
    user: config?.User ?? '',
    env: environmentOf(config?.Env ?? []),
    workingDir: config?.WorkingDir || '/',
    entrypoint: config?.Entrypoint ?? [],
    cmd: config?.Cmd ?? [],
    exposedPorts: Object.keys(config?.ExposedPorts ?? {}).flatMap(portOf),
    healthcheck: healthcheckOf(config?.Healthcheck ?? undefined),
  };
}

/** Entries without a name or a value set nothing; of a name that comes twice the last value counts. */
function environmentOf(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.flatMap((entry) => {
      const end = entry.indexOf('=');
      return end < 1 ? [] : [[entry.slice(0, end), entry.slice(end + 1)] as const];
    }),
  );
}

/** Nothing for what is no port: it says only what the image listens on. */
function portOf(text: string): readonly ExposedPort[] {
  const [, digits = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/i.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) return [];
  return [{ port, protocol: protocol.toLowerCase() === 'udp' ? 'udp' : 'tcp' }];
}

type StoredHealthcheck = NonNullable<NonNullable<StoredConfig['config']>['Healthcheck']>;

function healthcheckOf(stored: StoredHealthcheck | undefined): ImageHealthcheck {
  const [kind, ...rest] = stored?.Test ?? [];
  if (stored === undefined || kind === undefined) return { kind: 'inherited' };
  if (kind === 'NONE') return { kind: 'none' };
  const times = timesOf(stored);
  if (kind === 'CMD' && rest.length > 0) return { kind: 'exec', argv: rest, ...times };
  if (kind === 'CMD-SHELL' && rest[0] !== undefined) return { kind: 'shell', command: rest[0], ...times };
  return { kind: 'inherited' };
}

/** Docker counts in nanoseconds, and 0 is what is not said. */
function timesOf({ Interval, Timeout, StartPeriod, Retries }: StoredHealthcheck): HealthcheckTimes {
  const ms = (nanoseconds: number | null | undefined) => Math.max(0, Math.round((nanoseconds ?? 0) / 1e6));
  const times = { intervalMs: ms(Interval), timeoutMs: ms(Timeout), startPeriodMs: ms(StartPeriod) };
  const all = { ...times, retries: Math.max(0, Math.round(Retries ?? 0)) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value > 0));
}
