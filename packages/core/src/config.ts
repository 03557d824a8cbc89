import { z } from 'zod';
import { WrennError } from './errors.ts';
import { Secret } from './secret.ts';

/** One setting: read from the environment variable of its key's name in `variables`. */
interface Setting<T extends z.ZodType> {
  readonly variable: string;
  /** Receives the variable's text, or undefined when it is not set. */
  readonly schema: T;
  /** Shown in the table of settings; `required` where there is no safe default. */
  readonly default: string;
  readonly doc: string;
}
export type Settings = Record<string, Setting<z.ZodType>>;
export type Config<S extends Settings> = { readonly [K in keyof S]: z.output<S[K]['schema']> };

export function setting<T extends z.ZodType>(
  variable: string,
  schema: T,
  fallback: string,
  doc: string,
): Setting<T> {
  return { variable, schema, default: fallback, doc };
}

/**
 * Reads all settings at once; an empty variable counts as unset. Throws one `missing_prerequisite` that names
 * every variable at fault, with the value's problem and the documented default.
 */
export function parseConfig<S extends Settings>(
  settings: S,
  environment: Record<string, string | undefined>,
): Config<S> {
  const faults: string[] = [];
  const values = Object.entries(settings).map(([key, { variable, schema, default: fallback }]) => {
    const text = environment[variable];
    const given = text === undefined || text === '' ? (fallback === 'required' ? undefined : fallback) : text;
    const parsed = schema.safeParse(given);
    if (parsed.success) return [key, parsed.data] as const;
    faults.push(`${variable}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
    return [key, undefined] as const;
  });
  if (faults.length > 0) {
    throw new WrennError('missing_prerequisite', `configuration: ${faults.join('; ')}`, {
      remedy: 'set the environment variables named; docs/configuration.md lists them all',
    });
  }
  // Every key of `settings` was visited above, which the compiler cannot see through fromEntries.
  return Object.freeze(Object.fromEntries(values)) as Config<S>;
}

/**
 * The log level alone, before the rest is parsed, so that faults of the rest can be reported as every fault of a start
 * is. A level that is none counts as the default here; parsing the rest refuses it.
 */
export function startLogLevel(
  { logLevel }: { readonly logLevel: Setting<typeof settingType.logLevel> },
  environment: Record<string, string | undefined>,
): z.output<typeof settingType.logLevel> {
  return logLevel.schema.catch('info').parse(environment[logLevel.variable]);
}

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

const listenAddress = z
  .string({ error: 'must be an address and a port' })
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:]+):\d{1,5}$/, 'must be an address and a port, as 127.0.0.1:8080')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
  })
  .refine(({ port }) => port <= 65535, 'has a port above 65535');

/** Schemas for the shapes that settings have. Sizes and times are integers in the unit that the name says. */
export const settingType = {
  text: z.string({ error: 'must be set' }),
  /** May be empty. */
  optionalText: z.string(),
  /** May be empty; not shown in logs. */
  secret: z.string().transform((text) => new Secret(text)),
  /** `10.0.0.0/8, 192.0.2.1`; may be empty. */
  addresses: list.refine(
    (parts) => parts.every((part) => /^[0-9a-fA-F:.]+(\/\d{1,3})?$/.test(part)),
    'must be addresses or networks, between commas',
  ),
  /** `registry.example:5000, 127.0.0.1:5000`; may be empty. */
  hosts: list.refine(
    (parts) => parts.every((part) => /^[A-Za-z0-9.[\]:-]+$/.test(part)),
    'must be hosts, with their ports, between commas',
  ),
  port: z.coerce.number({ error: 'must be a port' }).int().min(0).max(65535),
  count: z.coerce.number({ error: 'must be a whole number' }).int().min(0),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  /** `https://capsules.example`: labels are put before its name, so it is none of an address. */
  baseUrl: z
    .string({ error: 'must be a URL' })
    .refine(
      (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
      'must be a URL of http or https',
    )
    .transform((text) => new URL(text))
    .refine(
      ({ pathname, search, hash }) => pathname === '/' && search === '' && hash === '',
      'must have no path',
    ),
  /** `127.0.0.1:8080` or `[::1]:8080`; the host is given without its brackets. */
  listenAddress,
  /** The same, or `off`, which is undefined. */
  listenAddressOrOff: z.union([z.literal('off').transform(() => undefined), listenAddress], {
    error: 'must be an address and a port, as 127.0.0.1:9471, or off',
  }),
};
