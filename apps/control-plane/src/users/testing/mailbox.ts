import { until } from '@wrenn/core';
import { sql } from 'kysely';
import type { Mail } from '../../mail/mail.ts';
import { queueSchema } from '../../queues/queues.ts';
import { unseal } from '../../secrets/seal.ts';
import type { ServerContext } from '../../server-context.ts';

type Server = { readonly context: Pick<ServerContext, 'database' | 'secrets'> };

/** All mails to an address, oldest first, as they were handed to the queue, whether or not they are on their way yet. */
export async function mailsTo({ context }: Server, email: string): Promise<Mail[]> {
  const { rows } = await sql<{ sealed: string }>`
    select data ->> 'sealed' as sealed from ${sql.id(queueSchema, 'job')}
     where name = 'mail' order by created_on, id`.execute(context.database);
  return rows
    .map(({ sealed }) => unseal(context.secrets.sealing, 'mail', Buffer.from(sealed, 'base64')) as Mail)
    .filter(({ to }) => to === email);
}

/** Waits for the n-th mail of a kind to an address. */
export async function mailTo(server: Server, email: string, kind: string, count = 1): Promise<Mail> {
  return await until(
    async () => (await mailsTo(server, email)).filter((mail) => mail.kind === kind)[count - 1],
    20,
    AbortSignal.timeout(20_000),
  );
}

/** The token in a mail's link. */
export function tokenIn({ button }: Mail): string {
  return new URL(button?.url ?? '').searchParams.get('token') ?? '';
}
