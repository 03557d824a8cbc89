import { sql } from 'kysely';
import { unseal } from '../../secrets/seal.ts';
import type { ServerContext } from '../../server-context.ts';
import type { Mail } from '../mail.ts';

/** What was sent to an address, oldest first, whether or not it has left the queue. */
export async function mailsTo(
  { database, secrets }: Pick<ServerContext, 'database' | 'secrets'>,
  address: string,
): Promise<Mail[]> {
  const { rows } = await sql<{ sealed: string }>`
    select data ->> 'sealed' as sealed from pgboss.job where name = 'mail' order by created_on, id
  `.execute(database);
  const mails = rows.map(
    ({ sealed }) => unseal(secrets.sealing, 'mail', Buffer.from(sealed, 'base64')) as Mail,
  );
  return mails.filter(({ to }) => to === address);
}

/** What the link of a mail shows to be let in. */
export function tokenIn(mail: Mail | undefined): string {
  return new URL(mail?.button?.url ?? 'none:').searchParams.get('token') ?? '';
}
