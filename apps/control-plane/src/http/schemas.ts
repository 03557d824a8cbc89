import { type ErrorCode, errorCodes, type IdKind, parseId, WrennError } from '@wrenn/core';
import { z } from 'zod';

/** Text that PostgreSQL, argv and JSON can all hold: no NUL, no half of a surrogate pair. */
export function text(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .refine(
      (value) => !value.includes('\0') && value.isWellFormed(),
      'must not contain NUL or broken Unicode',
    );
}

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];

const errorBody = z
  .object({
    error: z.object({
      code: z.enum(codes),
      message: z.string(),
      field: z.string().optional().describe('The request field at fault, in dotted form.'),
      remedy: z.string().optional().describe('What can be done about it.'),
      problems: z
        .array(z.object({ line: z.int(), column: z.int(), message: z.string(), remedy: z.string() }))
        .optional()
        .describe('Where in the text of the field what is wrong, in its order.'),
      retryable: z.boolean().describe('Whether the same request can succeed later.'),
    }),
  })
  .meta({ id: 'Error' });

/** Responses of a route that can fail; every failure has the same body. */
export function failures(...statuses: readonly number[]) {
  return Object.fromEntries(statuses.map((status) => [status, errorBody])) as Record<4 | 5, typeof errorBody>;
}

/** An ID of one kind of thing. */
export function idText<K extends IdKind>(kind: K) {
  return z.string().transform((value, context) => {
    try {
      return parseId(kind, value);
    } catch (thrown) {
      if (!(thrown instanceof WrennError)) throw thrown;
      context.addIssue({ code: 'custom', message: thrown.remedy ?? thrown.message });
      return z.NEVER;
    }
  });
}

export const capsuleIdParameters = z.object({
  id: idText('capsule').describe('`cl-` and 25 characters; the hyphen may be left out.'),
});

/** A name that people are shown: text as it is, without characters that control or turn around what they see. */
export const personName = text(100)
  .trim()
  .min(1, 'must not be empty')
  .regex(/^[^\p{Cc}\u2028-\u202e\u2066-\u2069]*$/u, 'must not contain control characters');

const atom = "[a-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** Without comments and quoted parts; also at a name without a dot, as `admin@localhost`. */
const emailPattern = new RegExp(`^${atom}(?:\\.${atom})*@${label}(?:\\.${label})*$`, 'i');

/** As it is written in the database: accounts are found by it. */
export const emailAddress = z
  .string()
  .trim()
  .max(254)
  .regex(emailPattern, 'is not an e-mail address')
  // After the pattern, which knows ASCII only: no other letter may become one of its by being lower-cased.
  .toLowerCase()
  .refine((value) => value.indexOf('@') <= 64, 'is not an e-mail address')
  .meta({ format: 'email' });
