import { type ErrorCode, errorCodes, parseId, WrennError } from '@wrenn/core';
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
      retryable: z.boolean().describe('Whether the same request can succeed later.'),
    }),
  })
  .meta({ id: 'Error' });

/** Responses of a route that can fail; every failure has the same body. */
export function failures(...statuses: readonly number[]) {
  return Object.fromEntries(statuses.map((status) => [status, errorBody])) as Record<4 | 5, typeof errorBody>;
}

export const capsuleIdParameters = z.object({
  id: z
    .string()
    .transform((value, context) => {
      try {
        return parseId('capsule', value);
      } catch (thrown) {
        if (!(thrown instanceof WrennError)) throw thrown;
        context.addIssue({ code: 'custom', message: thrown.remedy ?? thrown.message });
        return z.NEVER;
      }
    })
    .describe('`cl-` and 25 characters; the hyphen may be left out.'),
});
