import { namePattern } from '@wrenn/core';
import { z } from 'zod';
import { eventTypes } from '../audit/actions.ts';
import { channelProviders, deliveryStatuses } from '../db/schema.ts';
import { idText } from '../http/schemas.ts';

/** As people type it: blanks become hyphens, capitals small letters. */
const name = z
  .string()
  .max(64)
  .transform((value) => value.trim().toLowerCase().replace(/\s+/g, '-'))
  .refine((value) => namePattern.test(value), 'must be letters, digits, dots, hyphens and underscores');
const events = z
  .array(z.enum(eventTypes))
  .max(eventTypes.length)
  .transform((values) => [...new Set(values)]);
const config = z.record(z.string().max(64), z.string().max(4000));

export const createChannelBody = z.strictObject({
  name,
  provider: z.enum(channelProviders),
  config: config.describe(
    '`webhook_url` for discord, slack, teams and googlechat; `bot_token` and `chat_id` for telegram; `homeserver_url`, `access_token` and `room_id` for matrix; `url`, and `secret` if it is not to be made, for webhook.',
  ),
  events,
});
export const changeChannelBody = z.strictObject({ name, events });
export const configBody = z.strictObject({ config });
export const testChannelBody = z.strictObject({ provider: z.enum(channelProviders), config });

export const channelParameters = z.object({ id: idText('channel') });
export const deliveryParameters = channelParameters.extend({ delivery: idText('delivery') });
export const deliveriesQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: idText('delivery').optional().describe('The last one of the page before.'),
});

const time = z.string().meta({ format: 'date-time' });

export const channelBody = z
  .object({
    id: z.string(),
    team_id: z.string(),
    name: z.string(),
    provider: z.enum(channelProviders),
    target: z.string().describe('Where it goes to, without what is secret of it.'),
    events: z.array(z.string()),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Channel' });

export const channelWithSecretBody = channelBody
  .extend({
    secret: z.string().optional().describe('Of a webhook, where it was made here: shown this once.'),
  })
  .meta({ id: 'ChannelWithSecret' });

export const deliveryBody = z
  .object({
    id: z.string(),
    event: z.string(),
    status: z.enum(deliveryStatuses),
    attempts: z.int(),
    response_status: z.int().optional().describe('What the receiver answered last.'),
    fault: z.string().optional().describe('Why the last attempt failed.'),
    created_at: time,
    attempted_at: time.optional(),
    finished_at: time.optional(),
    repeats: z.string().optional().describe('The delivery that it repeats.'),
  })
  .meta({ id: 'Delivery' });
