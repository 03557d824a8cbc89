import { z } from 'zod';

/** Bytes in a message, which bounds their number. */
export const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'is not base64');
