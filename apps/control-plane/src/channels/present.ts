import type { z } from 'zod';
import type { Configured } from './change.ts';
import type { Channel, Delivery } from './channel.ts';
import { providers } from './providers.ts';
import type { channelBody, channelWithSecretBody, deliveryBody } from './schemas.ts';

export function presentChannel(channel: Channel): z.output<typeof channelBody> {
  return {
    id: channel.id,
    team_id: channel.teamId,
    name: channel.name,
    provider: channel.provider,
    target: providers[channel.provider].target(channel.config),
    events: [...channel.events],
    created_at: channel.createdAt.toISOString(),
    updated_at: channel.updatedAt.toISOString(),
  };
}

export function presentConfigured({ channel, secret }: Configured): z.output<typeof channelWithSecretBody> {
  return { ...presentChannel(channel), ...(secret === undefined ? {} : { secret }) };
}

export function presentDelivery(delivery: Delivery): z.output<typeof deliveryBody> {
  const { responseStatus, fault, attemptedAt, finishedAt, repeats } = delivery;
  return {
    id: delivery.id,
    event: delivery.event,
    status: delivery.status,
    attempts: delivery.attempts,
    ...(responseStatus === undefined ? {} : { response_status: responseStatus }),
    ...(fault === undefined ? {} : { fault }),
    created_at: delivery.createdAt.toISOString(),
    ...(attemptedAt === undefined ? {} : { attempted_at: attemptedAt.toISOString() }),
    ...(finishedAt === undefined ? {} : { finished_at: finishedAt.toISOString() }),
    ...(repeats === undefined ? {} : { repeats }),
  };
}
