import type { PostgresPoolClient } from 'kysely';
import type { PoolClient } from 'pg';

/** Queries are written in the code, so there are few; lists of changing length must not fill the server's memory. */
const mostStatements = 200;

/** Gives each query text a name, under which PostgreSQL keeps it parsed on each connection. */
export class StatementNames {
  readonly #names = new Map<string, string>();

  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= mostStatements) return known;
    const name = `wrenn_${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }
}

const wrapped = new WeakMap<PoolClient, PostgresPoolClient>();

/** The connection with its queries prepared: parsing and planning them each time costs more than running them. */
export function withPreparedStatements(client: PoolClient, names: StatementNames): PostgresPoolClient {
  const known = wrapped.get(client);
  if (known !== undefined) return known;
  const query = client.query.bind(client);
  const prepared = Object.assign(Object.create(client) as PoolClient, {
    query: (text: unknown, values?: unknown[]) => {
      // Cursors are objects, and scripts of several statements have no parameters: both go as they are.
      const name =
        typeof text === 'string' && values !== undefined && values.length > 0 ? names.of(text) : undefined;
      return name === undefined
        ? Reflect.apply(query, client, [text, values])
        : Reflect.apply(query, client, [{ name, text, values }]);
    },
    release: (destroy?: boolean) => client.release(destroy),
  });
  wrapped.set(client, prepared as PostgresPoolClient);
  return prepared as PostgresPoolClient;
}
