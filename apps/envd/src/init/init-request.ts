import { WrennError } from '@wrenn/core';
import * as z from 'zod';
import { parseTimestampNs } from '../clock/timestamp.ts';
import { checkEnvironment } from '../process/environment.ts';

const secret = z.string().min(16).max(1024);
const minEntropyBytes = 32;
const maxEntropyBytes = 512;

/**
 * The body of `/init`. What is absent stays as it is. Fields of a later host are ignored, since this daemon may have
 * slept in a snapshot while the host learned new ones.
 */
const schema = z.object({
  accessToken: secret.optional(),
  hostSecret: secret.optional(),
  timestamp: z
    .string()
    .transform((text, context) => {
      const ns = parseTimestampNs(text);
      if (ns !== undefined) return ns;
      context.addIssue('must be an RFC 3339 time');
      return z.NEVER;
    })
    .optional(),
  defaultUser: z.string().min(1).max(256).optional(),
  defaultWorkdir: z.string().min(1).max(4096).optional(),
  envVars: z.record(z.string(), z.string()).optional(),
  capsuleId: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .optional(),
  templateId: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .optional(),
  hostname: z
    .string()
    .regex(
      /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/,
      'must be a host name of up to 63 letters, digits and hyphens',
    )
    .optional(),
  entropy: z
    .base64()
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
    .refine(
      (bytes) => bytes.length >= minEntropyBytes && bytes.length <= maxEntropyBytes,
      `must be ${minEntropyBytes} to ${maxEntropyBytes} bytes in base64`,
    )
    .optional(),
  caBundle: z
    .string()
    .max(512 * 1024)
    .optional(),
});
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
