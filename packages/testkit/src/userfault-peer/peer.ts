import { createInterface } from 'node:readline';
import { GuestMemory } from './guest-memory.ts';
import type { PeerAnswer, PeerCommand, PeerOpening, PeerRegion } from './peer-protocol.ts';

/**
 * A program that stands where a VMM would: it has the memory, and does nothing but touch it as it is told by lines on
 * standard input. `userfault-peer.ts` starts it. It ends with its standard input.
 */
let memory: Promise<GuestMemory> | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...command } = JSON.parse(line) as PeerCommand & { readonly id: number };
  // Not awaited: one that waits for a page must not hold up those behind it.
  void run(command).then(
    (ok) => answer({ id, ok }),
    (thrown: unknown) => answer({ id, error: String(thrown) }),
  );
}
// Without a word to threads that wait for pages, since they would not hear it.
process.kill(process.pid, 'SIGKILL');

function answer(value: PeerAnswer): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

async function run(command: PeerCommand): Promise<unknown> {
  if (command.do === 'open') {
    memory = open(command);
    const { regions } = await memory;
    return regions.map(({ address, ...rest }): PeerRegion => ({ address: `${address}`, ...rest }));
  }
  if (memory === undefined) throw new Error('there is no memory yet');
  const guest = await memory;
  switch (command.do) {
    case 'read':
      return (await guest.read(command.offset, command.length)).toString('base64');
    case 'write':
      return await guest.write(command.offset, Buffer.from(command.base64, 'base64'));
    case 'remove':
      return await guest.remove(command.offset, command.length);
    case 'sum':
      return await guest.sum();
    case 'save':
      return await guest.save(command.path);
    case 'touch':
      return await guest.touchAll(command);
  }
}

async function open({ lengths, backing, as, threads = 2 }: PeerOpening): Promise<GuestMemory> {
  const become = () => {
    if (as === undefined) return;
    process.setgroups?.([]);
    process.setgid?.(as.gid);
    process.setuid?.(as.uid);
  };
  switch (backing.kind) {
    case 'anonymous':
      return GuestMemory.anonymous(lengths);
    case 'file':
      return GuestMemory.ofFile(backing.path, lengths);
    case 'handed over': {
      const odd = backing.odd === undefined ? {} : { odd: backing.odd };
      return await GuestMemory.handedOver(lengths, backing.socketPath, {
        beforeConnect: become,
        threads,
        ...odd,
      });
    }
  }
}
