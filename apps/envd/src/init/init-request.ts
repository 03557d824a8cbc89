import { WrennError } from '@wrenn/core';
import * as z from 'zod/mini';
import { parseTimestampNs } from '../clock/timestamp.ts';
import { checkEnvironment } from '../process/environment.ts';

const minEntropyBytes = 32;
const maxEntropyBytes = 512;

const text = z.string('must be a string');
const textOf = (min: number, max: number) =>
  text.check(
    z.minLength(min, `must have at least ${min} characters`),
    z.maxLength(max, `must have at most ${max} characters`),
  );
const secret = textOf(16, 1024);
const id = text.check(z.regex(/^[A-Za-z0-9-]{1,64}$/, 'must be an ID of letters, digits and hyphens'));
const hostname = text.check(
  z.regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
    'must be a host name of up to 63 letters, digits and hyphens',
  ),
);
const timestamp = z.pipe(
  text.check(z.refine((value) => parseTimestampNs(value) !== undefined, 'must be an RFC 3339 time')),
  z.transform((value: string) => parseTimestampNs(value) ?? 0n),
);
const entropy = z.pipe(
  z.base64('must be base64'),
  z.pipe(
    z.transform((value: string): Uint8Array => Buffer.from(value, 'base64')),
    z.custom<Uint8Array>(
      (bytes) =>
        bytes instanceof Uint8Array && bytes.length >= minEntropyBytes && bytes.length <= maxEntropyBytes,
      `must be ${minEntropyBytes} to ${maxEntropyBytes} bytes`,
    ),
  ),
);

/**
 * The body of `/init`. What is absent stays as it is. Fields of a later host are ignored, since this daemon may have
 * slept in a snapshot while the host learned new ones.
 *
 * From zod's small build: the whole of it would be a third of the daemon's memory.
 */
const schema = z.object(
  {
    accessToken: z.optional(secret),
    hostSecret: z.optional(secret),
    timestamp: z.optional(timestamp),
    defaultUser: z.optional(textOf(1, 256)),
    defaultWorkdir: z.optional(textOf(1, 4096)),
    envVars: z.optional(z.record(z.string(), text, 'must be an object of strings')),
    capsuleId: z.optional(id),
    templateId: z.optional(id),
    hostname: z.optional(hostname),
    entropy: z.optional(entropy),
    caBundle: z.optional(textOf(0, 512 * 1024)),
  },
  'must be an object',
);
export type InitRequest = z.output<typeof schema>;

/** Throws `invalid_request` that names the field. */
export function parseInitRequest(body: unknown): InitRequest {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    throw new WrennError('invalid_request', `${field === '' ? 'the body' : field}: ${issue?.message}`, {
      ...(field === '' ? {} : { field }),
    });
  }
  if (parsed.data.envVars !== undefined) checkEnvironment(parsed.data.envVars, 'envVars');
  return parsed.data;
}
