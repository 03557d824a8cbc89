import { type ErrorCode, errorCodes, WrennError } from '@wrenn/core';
import { z } from 'zod';

const stored = z.object({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  remedy: z.string().optional(),
  field: z.string().optional(),
});

/** An error as a row keeps it: what `toJSON` gave. */
export function errorFrom(value: unknown): WrennError {
  const { success, data } = stored.safeParse(value);
  if (!success) return new WrennError('internal_error', 'what went wrong was not written down');
  const { code, message, remedy, field } = data;
  return new WrennError(code, message, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(field === undefined ? {} : { field }),
  });
}
