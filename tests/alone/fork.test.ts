import { expect, it } from 'vitest';
import { capsule, client } from '../support/client.ts';
import { sh } from '../support/shell.ts';

const lineage = 'cat /root/lineage /dev/shm/lineage';
const add = (word: string) => `echo ${word} >> /root/lineage; echo ${word} >> /dev/shm/lineage`;
const both = (...words: string[]) => [...words, ...words].map((word) => `${word}\n`).join('');

it('each child of a fan has what its parent had, and nothing of its siblings', async () => {
  await using parent = await capsule();
  await sh(parent.id, add('root'));
  const { capsules } = client();
  const { capsules: children, failed } = await capsules.fork(parent.id, { count: 3 });
  try {
    expect(failed).toEqual([]);
    expect(children).toHaveLength(3);
    await sh(parent.id, add('after'));
    for (const [index, { id }] of children.entries()) await sh(id, add(`child${index}`));
    for (const [index, { id }] of children.entries())
      expect(await sh(id, lineage)).toBe(both('root', `child${index}`));
    expect(await sh(parent.id, lineage)).toBe(both('root', 'after'));
  } finally {
    for (const { id } of children) await capsules.destroy(id);
  }
});

it('each capsule of a chain of forks sees its own ancestors, while they go on and when they are gone', async () => {
  const { capsules } = client();
  const chain: string[] = [(await capsules.create()).id];
  try {
    await sh(chain[0], add('g0'));
    for (let generation = 1; generation <= 4; generation++) {
      const parent = chain.at(-1) ?? '';
      const { capsules: children } = await capsules.fork(parent);
      const child = children[0]?.id ?? '';
      chain.push(child);
      await sh(parent, add(`late${generation}`));
      await sh(child, add(`g${generation}`));
    }
    for (const [index, id] of chain.entries()) {
      const own = Array.from({ length: index + 1 }, (_, generation) => `g${generation}`);
      const late = index === chain.length - 1 ? [] : [`late${index + 1}`];
      expect(await sh(id, lineage)).toBe(both(...own, ...late));
    }
    for (const id of chain.slice(0, -1)) await capsules.destroy(id);
    const last = chain.at(-1) ?? '';
    await capsules.pause(last);
    await capsules.resume(last);
    expect(await sh(last, lineage)).toBe(both('g0', 'g1', 'g2', 'g3', 'g4'));
  } finally {
    for (const id of chain) await capsules.destroy(id);
  }
});

it('a paused capsule can be forked, and stays paused', async () => {
  await using parent = await capsule();
  await sh(parent.id, add('root'));
  const { capsules } = client();
  await capsules.pause(parent.id);
  const { capsules: children } = await capsules.fork(parent.id, { count: 2 });
  for (const { id } of children) {
    expect(await sh(id, lineage)).toBe(both('root'));
    await capsules.destroy(id);
  }
  expect((await capsules.get(parent.id)).status).toBe('paused');
});

it('a command that runs in the parent goes on over a fork without a gap', async () => {
  await using parent = await capsule();
  const { capsules } = client();
  const script = 'i=0; while [ $i -lt 60 ]; do echo $i; i=$((i+1)); sleep 0.05; done';
  let output = '';
  const reading = (async () => {
    for await (const event of capsules.execStream(parent.id, { cmd: 'sh', args: ['-c', script] }))
      if (event.type === 'stdout') output += Buffer.from(event.data).toString();
  })();
  await expect.poll(() => output).toContain('5\n');
  const { capsules: children } = await capsules.fork(parent.id);
  await reading;
  expect(output).toBe(Array.from({ length: 60 }, (_, number) => `${number}\n`).join(''));
  for (const { id } of children) await capsules.destroy(id);
});

it('children have names and machine IDs of their own', async () => {
  await using parent = await capsule();
  const { capsules } = client();
  const { capsules: children } = await capsules.fork(parent.id, { count: 2 });
  const seen = [parent.id, ...children.map(({ id }) => id)];
  const identities = await Promise.all(
    seen.map((id) => sh(id, 'hostname; cat /etc/machine-id /proc/sys/kernel/random/uuid')),
  );
  const words = identities.flatMap((text) => text.trim().split('\n'));
  expect(new Set(words).size).toBe(words.length);
  expect(identities.map((text) => text.split('\n')[0])).toEqual(seen);
  for (const { id } of children) await capsules.destroy(id);
});

it('more children than there is room for, or none, are refused before any is made', async () => {
  await using parent = await capsule();
  const { capsules } = client();
  await expect(capsules.fork(parent.id, { count: 0 })).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(capsules.fork(parent.id, { count: 101 })).rejects.toMatchObject({ code: 'invalid_request' });
  const before = (await capsules.list()).length;
  await expect(capsules.fork(parent.id, { count: 100 })).rejects.toMatchObject({
    code: 'no_hosts_available',
  });
  expect(await capsules.list()).toHaveLength(before);
});
