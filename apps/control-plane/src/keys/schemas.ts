import { z } from 'zod';
import { grantableScopes } from '../access/scopes.ts';
import { idText, personName } from '../http/schemas.ts';
import { keyShapes } from './api-key.ts';

const longestDays = 3650;

export const createKeyBody = z
  .strictObject({
    name: personName.default('Unnamed API Key'),
    scopes: z
      .array(z.enum(grantableScopes))
      .min(1)
      .max(grantableScopes.length)
      .default(['all'])
      .describe('What it may be used for; `all` is everything that a key can do.'),
    expires_at: z.iso
      .datetime({ offset: true })
      .refine((value) => Date.parse(value) > Date.now(), 'must be in the future')
      .optional(),
    expires_in_days: z.int().min(1).max(longestDays).optional().describe('Another way to say `expires_at`.'),
    shape: z
      .enum(keyShapes)
      .default('wrenn')
      .describe('`e2b`: a key that begins as those of E2B do, which its clients insist on.'),
  })
  .refine(({ expires_at: at, expires_in_days: days }) => at === undefined || days === undefined, {
    path: ['expires_in_days'],
    message: 'says when it expires a second time',
  });

export const keyIdParameters = z.object({ id: idText('apiKey') });

const time = z.string().meta({ format: 'date-time' });

export const keyBody = z
  .object({
    id: z.string(),
    team_id: z.string(),
    name: z.string(),
    key_prefix: z.string().describe('How the key begins, so that people can tell theirs apart.'),
    scopes: z.array(z.string()),
    created_by: z.string().optional(),
    creator_email: z.string().optional(),
    created_at: time,
    expires_at: time.optional(),
    last_used: time.optional().describe('To the minute.'),
  })
  .meta({ id: 'ApiKey' });

export const createdKeyBody = z
  .object({ ...keyBody.shape, key: z.string().describe('The key itself. It is never shown again.') })
  .meta({ id: 'CreatedApiKey' });
