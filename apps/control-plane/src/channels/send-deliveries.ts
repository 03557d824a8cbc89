import { type DeliveryId, deadline, describeError, parseId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import { deliveries } from '../metrics/metrics.ts';
import type { AddressGuard } from '../outgoing/address-guard.ts';
import type { ServerContext } from '../server-context.ts';
import type { Channel } from './channel.ts';
import { fanOut } from './deliveries.ts';
import { eventBody } from './message.ts';
import { type Outgoing, providers } from './providers.ts';
import { sendGuarded } from './send-guarded.ts';
import { fromRow } from './store.ts';

/** A receiver that takes longer is asked again later. */
const deliveryMs = 10_000;

/** Takes events and deliveries from their queues. One slow receiver holds up no other. */
export async function sendDeliveries(context: ServerContext, guard: AddressGuard): Promise<void> {
  const { database, queues } = context;
  await queues.work('event', async ({ data }) => {
    const eventId = parseId('event', data.id);
    await database.transaction().execute((transaction) => fanOut(transaction, queues, eventId));
  });
  await queues.work('delivery', async ({ data, isLast, signal }) => {
    const id = parseId('delivery', data.id);
    const found = await findWaiting(context, id);
    if (found === undefined) return;
    const outcome = await attempt(guard, found.channel, found.outgoing, signal);
    const { provider } = found.channel;
    const came = outcome.fault === undefined ? 'delivered' : isLast ? 'given_up' : 'retried';
    deliveries.inc({ provider, outcome: came });
    await noteAttempt(context, id, outcome, isLast ? 'failed' : 'waiting');
    if (outcome.fault !== undefined) throw new WrennError('host_unavailable', outcome.fault);
  });
}

interface Outcome {
  readonly status: number | undefined;
  /** Undefined for a delivery that arrived. */
  readonly fault: string | undefined;
}

/** Sends once. What goes wrong is part of the outcome: it is the receiver's, and its team's to see. */
export async function attempt(
  guard: AddressGuard,
  { provider, config }: Pick<Channel, 'provider' | 'config'>,
  outgoing: Outgoing,
  signal: AbortSignal,
): Promise<Outcome> {
  using limit = deadline(deliveryMs, 'waiting for the receiver', signal);
  try {
    const status = await sendGuarded(guard, providers[provider].request(config, outgoing), limit);
    const isTaken = status >= 200 && status < 300;
    return { status, fault: isTaken ? undefined : `the receiver answered ${status}` };
  } catch (thrown) {
    const error = WrennError.from(thrown, 'sending to the receiver');
    return { status: undefined, fault: error.message };
  }
}

async function findWaiting({ database, secrets }: ServerContext, id: DeliveryId) {
  const row = await database
    .selectFrom('deliveries as delivery')
    .innerJoin('events as event', 'event.id', 'delivery.event_id')
    .innerJoin('channels as channel', 'channel.id', 'delivery.channel_id')
    .where('delivery.id', '=', uuidFromId(id))
    .where('delivery.status', '=', 'waiting')
    .selectAll('channel')
    .select('event.body')
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const outgoing: Outgoing = { deliveryId: id, body: eventBody.parse(row.body), now: new Date() };
  return { channel: fromRow(row, secrets.sealing), outgoing };
}

async function noteAttempt(
  { database, log }: ServerContext,
  id: DeliveryId,
  { status, fault }: Outcome,
  otherwise: 'waiting' | 'failed',
): Promise<void> {
  const ended = fault === undefined ? 'delivered' : otherwise;
  await database
    .updateTable('deliveries')
    .set({
      status: ended,
      attempts: sql`attempts + 1`,
      attempted_at: sql`now()`,
      response_status: status ?? null,
      fault: fault ?? null,
      finished_at: ended === 'waiting' ? null : sql<Date>`now()`,
    })
    .where('id', '=', uuidFromId(id))
    .execute();
  if (ended === 'failed') log.warn({ delivery: id, fault: describeError(fault) }, 'a delivery is given up');
}
