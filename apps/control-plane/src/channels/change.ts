import { type ChannelId, type DeliveryId, parseId, WrennError } from '@wrenn/core';
import { z } from 'zod';
import type { Caller } from '../access/principal.ts';
import type { ChannelProvider } from '../db/schema.ts';
import type { AddressGuard } from '../outgoing/address-guard.ts';
import type { ServerContext } from '../server-context.ts';
import type { Channel, Delivery } from './channel.ts';
import { redeliver } from './deliveries.ts';
import { providers } from './providers.ts';
import { attempt } from './send-deliveries.ts';
import { deleteChannel, insertChannel, updateChannel } from './store.ts';

/** A channel with the secret that was made for it, if one was. */
export interface Configured {
  readonly channel: Channel;
  readonly secret: string | undefined;
}

interface Doer {
  readonly context: ServerContext;
  readonly caller: Caller;
}

type Config = Readonly<Record<string, string>>;

export async function createChannel(
  { context, caller }: Doer,
  wanted: Pick<Channel, 'name' | 'provider' | 'events'> & { readonly config: Config },
): Promise<Configured> {
  const config = parseConfig(wanted.provider, wanted.config);
  const channel = await context.database.transaction().execute(async (transaction) => {
    const { teamId, actor } = caller;
    const made = await insertChannel(transaction, context.secrets.sealing, { ...wanted, teamId, config });
    await context.recorder.record(transaction, {
      ...{ teamId, actor },
      what: 'channel.create',
      resourceId: made.id,
      metadata: { name: made.name, provider: made.provider },
    });
    return made;
  });
  return { channel, secret: madeSecret(wanted.config, config) };
}

export async function changeChannel(
  { context, caller }: Doer,
  id: ChannelId,
  change: Pick<Channel, 'name' | 'events'>,
): Promise<Channel> {
  const { teamId, actor } = caller;
  return await context.database.transaction().execute(async (transaction) => {
    const channel = await updateChannel(transaction, context.secrets.sealing, { teamId, id }, change);
    const metadata = { name: channel.name, events: channel.events };
    await context.recorder.record(transaction, {
      ...{ teamId, actor, metadata },
      what: 'channel.update',
      resourceId: id,
    });
    return channel;
  });
}

/** Replaces the whole configuration. */
export async function configureChannel(
  { context, caller }: Doer,
  { id, provider }: Channel,
  given: Config,
): Promise<Configured> {
  const { teamId, actor } = caller;
  const config = parseConfig(provider, given);
  const channel = await context.database.transaction().execute(async (transaction) => {
    const changed = await updateChannel(transaction, context.secrets.sealing, { teamId, id }, { config });
    await context.recorder.record(transaction, {
      ...{ teamId, actor },
      what: 'channel.rotate_config',
      resourceId: id,
      metadata: { name: changed.name },
    });
    return changed;
  });
  return { channel, secret: madeSecret(given, config) };
}

/** Succeeds for one that is not there. */
export async function removeChannel({ context, caller }: Doer, id: ChannelId): Promise<void> {
  const { teamId, actor } = caller;
  await context.database.transaction().execute(async (transaction) => {
    const name = await deleteChannel(transaction, { teamId, id });
    if (name === undefined) return;
    await context.recorder.record(transaction, {
      ...{ teamId, actor },
      what: 'channel.delete',
      resourceId: id,
      metadata: { name },
    });
  });
}

export async function repeatDelivery(
  { context, caller }: Doer,
  channelId: ChannelId,
  id: DeliveryId,
): Promise<Delivery> {
  const { teamId, actor } = caller;
  return await context.database.transaction().execute(async (transaction) => {
    const delivery = await redeliver(transaction, context.queues, { teamId, channelId, id });
    await context.recorder.record(transaction, {
      ...{ teamId, actor },
      what: 'channel.redeliver',
      resourceId: channelId,
      metadata: { delivery: id },
    });
    return delivery;
  });
}

/** Sends a message at once, to see whether a configuration is right. Throws `conflict` with what the receiver said. */
export async function testChannel(
  { context, caller }: Doer,
  guard: AddressGuard,
  { provider, config: given }: { readonly provider: ChannelProvider; readonly config: Config },
  signal: AbortSignal,
): Promise<void> {
  const { teamId, actor } = caller;
  await context.limits.take('channel-test-team', teamId);
  const config = parseConfig(provider, given);
  const now = new Date();
  const deliveryId = parseId('delivery', `dlv-${'0'.repeat(25)}`);
  const body = {
    event: 'channel.test',
    timestamp: now.toISOString(),
    team_id: teamId,
    actor: { type: actor.type, ...(actor.type === 'system' ? {} : { id: actor.id, name: actor.name }) },
    resource: { type: 'channel' },
    outcome: 'success',
    details: {},
  };
  const { fault } = await attempt(guard, { provider, config }, { deliveryId, body, now }, signal);
  await context.database.transaction().execute((transaction) =>
    context.recorder.record(transaction, {
      ...{ teamId, actor },
      what: 'channel.test',
      status: fault === undefined ? 'info' : 'warning',
      metadata: { provider },
    }),
  );
  if (fault !== undefined) {
    throw new WrennError('invalid_request', `the test message did not arrive: ${fault}`, { field: 'config' });
  }
}

function parseConfig(provider: ChannelProvider, given: Config): Config {
  try {
    return providers[provider].parse(given);
  } catch (thrown) {
    if (!(thrown instanceof z.ZodError)) throw thrown;
    const [issue] = thrown.issues;
    const field = ['config', ...(issue?.path ?? [])].join('.');
    throw new WrennError('invalid_request', `${field}: ${issue?.message ?? 'is not valid'}`, {
      field,
      cause: thrown,
    });
  }
}

function madeSecret(given: Config, parsed: Config): string | undefined {
  return given['secret'] === undefined ? parsed['secret'] : undefined;
}
