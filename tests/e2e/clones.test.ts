import { expect, it } from 'vitest';
import { capsule, client } from '../support/client.ts';
import { sh } from '../support/shell.ts';

const clones = 50;
/** Each has 512 MiB. */
const atOnce = 6;

/** Who it is and a random number, as fast as it can, so that something is random right after the clone begins. */
const gambler = `import os, time
out = open("/dev/shm/random", "w", buffering=1)
while out.tell() < 20_000_000:
    out.write(f"{os.uname().nodename} {os.getrandom(16).hex()}\\n")
    time.sleep(0.02)
`;

/** Each prints one line that must be the clone's own. */
const identity = [
  'cat /etc/machine-id',
  'hostname',
  'cat /proc/sys/kernel/random/uuid',
  "head -c 16 /dev/urandom | od -An -tx1 | tr -d ' '",
  "python3 -c 'import os; print(os.getrandom(16).hex())'",
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
  await expect.poll(drawn, { timeout: 30_000 }).not.toBe('');
  const { name } = await snapshots.create({ capsuleId: source.id });
  try {
    const all: Clone[] = [];
    const ids = Array.from({ length: clones }, (_, index) => index).values();
    const makeSome = async () => {
      for (const _ of ids) all.push(await makeClone(name));
    };
    await Promise.all(Array.from({ length: atOnce }, makeSome));

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
    const said = await sh(id, identity.join('\n'));
    const lines = said.trimEnd().split('\n');
    const random = `grep '^${id} ' /dev/shm/random | head -n 20 | cut -d ' ' -f 2`;
    const drawn = (await sh(id, random)).trimEnd().split('\n');
    return {
      id,
      identity: lines,
      drawn,
      hostKeys: await sh(id, 'cat /etc/ssh/ssh_host_* 2>/dev/null || true'),
    };
  } finally {
    await capsules.destroy(id);
  }
}

function repeated(values: readonly string[]): string[] {
  return values.filter((value, index) => value === '' || values.indexOf(value) !== index);
}
