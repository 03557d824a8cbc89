import { expect, it } from 'vitest';
import { client } from '../support/client.ts';
import { machineState } from '../support/machine-state.ts';

/** Ready network slots come and go in the background; what is compared is what capsules took. */
async function settledState() {
  const { namespaces, links, routes, ...rest } = await machineState();
  return { ...rest, counts: [namespaces.length, links.length, routes.length] };
}

it('twenty capsules at once all answer, and leave the machine as it was', { timeout: 300_000 }, async () => {
  const api = client();
  await expect.poll(settledState, { timeout: 30_000 }).toEqual(await settledState());
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
  await expect.poll(settledState, { timeout: 60_000 }).toEqual(before);
});
