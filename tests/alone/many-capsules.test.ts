import { isDeepStrictEqual } from 'node:util';
import { deadline, until } from '@wrenn/core';
import { expect, it } from 'vitest';
import { client } from '../support/client.ts';
import { machineState } from '../support/machine-state.ts';

/** Ready network slots come and go in the background; what is compared is what capsules took. */
async function countedState() {
  const { namespaces, links, routes, ...rest } = await machineState();
  return { ...rest, counts: [namespaces.length, links.length, routes.length] };
}

/** Once it has been the same for longer than it takes to make a slot. */
async function settledState() {
  using limit = deadline(90_000, 'waiting for the machine to come to rest');
  let seen = await countedState();
  let since = performance.now();
  return await until(
    async () => {
      const now = await countedState();
      if (!isDeepStrictEqual(now, seen)) [seen, since] = [now, performance.now()];
      return performance.now() - since > 3_000 ? seen : undefined;
    },
    200,
    limit,
  );
}

it('twenty capsules at once all answer, and leave the machine as it was', { timeout: 300_000 }, async () => {
  const api = client();
  const before = await settledState();
  const ids = await Promise.all(Array.from({ length: 20 }, async () => (await api.capsules.create()).id));
  try {
    const answers = await Promise.all(
      ids.map((id) =>
        api.capsules.exec(id, { cmd: 'sh', args: ['-c', 'sleep 1; hostname'], timeoutSec: 120 }),
      ),
    );
    expect(answers.map(({ stdout }) => stdout.trim())).toEqual(ids);
  } finally {
    await Promise.all(ids.map((id) => api.capsules.destroy(id)));
  }
  await expect.poll(countedState).toEqual(before);
});
