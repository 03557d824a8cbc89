import { z } from 'zod';

export const providerParameters = z.object({
  provider: z.string().regex(/^[a-z0-9-]{1,32}$/, 'is not a provider'),
});
export const startQuery = z.object({
  intent: z.enum(['login', 'signup']).default('login').describe('A login makes no account.'),
});
const returned = z.string().max(4096).optional();
export const callbackQuery = z.object({ state: returned, code: returned, error: returned });
export const connectBody = z.object({ auth_url: z.string() });
