import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import type { ApiServer, JournalEntry } from './api-server.ts';
import type { ControlAnswer, ControlCommand } from './control-protocol.ts';
import type { HostWorld } from './host-world.ts';

export interface Controlled {
  readonly world: HostWorld;
  readonly api: ApiServer;
  readonly journal: readonly JournalEntry[];
}

/** Where a test is the guest: it touches memory and disk, and breaks what a real Firecracker may break. */
export function listenForControl(socketPath: string, controlled: Controlled): Server {
  const server = createServer((socket) => {
    // A test that has gone.
    socket.on('error', () => undefined);
    const answer = (value: ControlAnswer) => void socket.write(`${JSON.stringify(value)}\n`);
    createInterface({ input: socket }).on('line', (line) => {
      const { id, ...command } = JSON.parse(line) as ControlCommand & { readonly id: number };
      // Not awaited: one that waits for a page must not hold up those behind it.
      void run(command, controlled).then(
        (ok) => answer({ id, ok }),
        (thrown: unknown) => answer({ id, error: thrown instanceof Error ? thrown.message : String(thrown) }),
      );
    });
  });
  // One of the machine that had the directory before.
  rmSync(socketPath, { force: true });
  return server.listen(socketPath);
}

async function run(command: ControlCommand, { world, api, journal }: Controlled): Promise<unknown> {
  switch (command.do) {
    case 'read':
      return (await world.guest.read(command.offset, command.length)).toString('base64');
    case 'write':
      return await world.guest.write(command.offset, Buffer.from(command.base64, 'base64'));
    case 'remove':
      return await world.guest.remove(command.offset, command.length);
    case 'sum':
      return await world.guest.sum();
    case 'touch':
      return await world.guest.touchAll(command);
    case 'readDrive':
      return world.readDrive(command.path, command.offset, command.length).toString('base64');
    case 'writeDrive':
      return world.writeDrive(command.path, command.offset, Buffer.from(command.base64, 'base64'));
    case 'log':
      for (let count = 0; count < command.times; count++) world.log(command.line);
      return undefined;
    case 'journal':
      return journal;
    case 'failNextCreate':
      world.nextSaveFault = command.why;
      return undefined;
    case 'hang':
      return api.hang();
    case 'crash':
      if (command.how === 'exit') process.exit(1);
      // As process.abort() ends, without its long words.
      process.kill(process.pid, 'SIGABRT');
      return undefined;
  }
}
