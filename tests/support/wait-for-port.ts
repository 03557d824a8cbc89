import { deadline, until } from '@wrenn/core';
import type { WrennClient } from '@wrenn/sdk';

/** Waits until what listens on a port of a capsule answers requests; asked by path, since not every resolver knows names below localhost. */
export async function waitForPort(
  client: WrennClient,
  edgeUrl: string,
  { id, port, ms }: { readonly id: string; readonly port: number; readonly ms: number },
): Promise<void> {
  const { trafficAccessToken } = await client.ports.access(id);
  const url = `${edgeUrl}/proxy/${id}/${port}/`;
  using limit = deadline(ms, `waiting for port ${port} of capsule ${id}`);
  await until(
    async () => {
      const headers = { 'x-wrenn-access': trafficAccessToken };
      const answer = await fetch(url, { headers, signal: limit });
      await answer.body?.cancel();
      return answer.ok ? true : undefined;
    },
    200,
    limit,
  );
}
