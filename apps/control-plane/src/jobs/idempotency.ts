import { z } from 'zod';

const name = 'idempotency-key';

/** Of a request that does a thing once, however often it is sent. */
export const idempotencyHeaders = z.looseObject({
  [name]: z
    .string()
    .regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable characters')
    .optional()
    .describe('A request with the key of an earlier one, and otherwise the same, gets what that one got.'),
});

export function idempotencyKeyOf(headers: z.output<typeof idempotencyHeaders>): string | undefined {
  return headers[name];
}
