import { allEnded } from '@wrenn/core';
import { expect, it } from 'vitest';
import { capsule, client } from '../support/client.ts';
import { sh } from '../support/shell.ts';

const clones = 20;
const atOnce = 2;

/** Says who it is and draws a number without end, so that the first draw of a clone follows its beginning closely. */
const gambler = `import os, time
out = open("/dev/shm/random", "w", buffering=1)
while True:
    out.write(f"{os.uname().nodename} {os.getrandom(16).hex()}\\n")
    time.sleep(0.1)
`;

/** Each prints one line that must be the clone's own. */
const identity = [
  'cat /etc/machine-id',
  'hostname',
  'cat /proc/sys/kernel/random/uuid',
  "head -c 16 /dev/urandom | od -An -tx1 | tr -d ' '",
];

interface Clone {
  readonly id: string;
  readonly identity: readonly string[];
  /** What a process that is older than the clone drew in it first. */
  readonly drawn: readonly string[];
  readonly hostKeys: string;
}

it(`${clones} clones of one template have nothing in common that must be one's own`, {
  timeout: 600_000,
}, async () => {
  await using source = await capsule();
  const { snapshots } = client();
  await sh(source.id, 'mkdir -p /etc/ssh; echo a key of the template > /etc/ssh/ssh_host_ed25519_key');
  await sh(source.id, `setsid python3 -c '${gambler}' </dev/null >/dev/null 2>&1 &`);
  const drawn = () => sh(source.id, 'head -n 1 /dev/shm/random || true');
  await expect.poll(drawn).not.toBe('');
  const { name } = await snapshots.create({ capsuleId: source.id });
  try {
    const all: Clone[] = [];
    const ids = Array.from({ length: clones }, (_, index) => index).values();
    const makeSome = async () => {
      for (const _ of ids) all.push(await makeClone(name));
    };
    await allEnded(Array.from({ length: atOnce }, makeSome));

    expect(all).toHaveLength(clones);
    const identities = all.flatMap((clone) => clone.identity);
    expect(identities).toHaveLength(identity.length * clones);
    expect(repeated(identities)).toEqual([]);
    const drawn = all.flatMap((clone) => clone.drawn);
    expect(drawn.length).toBeGreaterThanOrEqual(clones);
    expect(repeated(drawn)).toEqual([]);
    expect(all.filter(({ hostKeys }) => hostKeys.includes('a key of the template'))).toEqual([]);
  } finally {
    await snapshots.delete(name);
  }
});

async function makeClone(template: string): Promise<Clone> {
  const { capsules } = client();
  const { id } = await capsules.create({ template });
  try {
    // One command, since starting any takes seconds where many emulated machines share a processor.
    const draws = `grep '^${id} ' /dev/shm/random`;
    const random = `until ${draws} -q; do sleep 0.1; done; ${draws} | head -n 20 | cut -d ' ' -f 2`;
    const hostKeys = 'cat /etc/ssh/ssh_host_* 2>/dev/null || true';
    const script = [...identity, 'echo --', random, 'echo --', hostKeys].join('\n');
    const [said = '', drawn = '', keys = ''] = (await sh(id, script)).split('--\n');
    return { id, identity: linesOf(said), drawn: linesOf(drawn), hostKeys: keys };
  } finally {
    await capsules.destroy(id);
  }
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}

function repeated(values: readonly string[]): string[] {
  return values.filter((value, index) => value === '' || values.indexOf(value) !== index);
}
