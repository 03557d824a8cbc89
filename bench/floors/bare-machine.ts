import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Slot } from '../../apps/host-agent/src/network/slot.ts';

/** What the floor needs of the installation, found before the clock starts. */
export interface BareMachineParts {
  readonly slot: Slot;
  /** Made anew for each machine. */
  readonly directory: string;
  readonly templateDirectory: string;
  /** QEMU's arguments without the directory of the machine: the same devices as ours has. */
  readonly qemuArguments: (directory: string) => readonly string[];
}

export interface BareMachine {
  readonly pid: number;
  kill(): Promise<void>;
}

/**
 * The least that brings a guest back: spawn QEMU confined in a namespace, load its state, let it run, and wait for
 * the first answer of envd. No records, no bounds, no identity, no database.
 */
export async function startBareMachine(parts: BareMachineParts): Promise<BareMachine> {
  const { slot, directory, templateDirectory } = parts;
  await mkdir(directory, { mode: 0o700 });
  await copyFile(join(templateDirectory, 'empty.qcow2'), join(directory, 'disk.qcow2'));
  await chown(join(directory, 'disk.qcow2'), slot.uid, slot.gid);
  await chown(directory, slot.uid, slot.gid);
  const ids = [`--reuid=${slot.uid}`, `--regid=${slot.gid}`, '--clear-groups', '--no-new-privs'];
  const qemu = ['qemu-system-x86_64', ...parts.qemuArguments(directory)];
  const child = spawn('ip', ['netns', 'exec', slot.namespace, 'setpriv', ...ids, ...qemu], {
    stdio: 'ignore',
  });
  try {
    await loadAndRun(directory, join(templateDirectory, 'device-state'));
    while (!(await isHealthy(slot.hostAddress))) await delay(5);
  } catch (thrown) {
    await end(child, directory);
    throw thrown;
  }
  return { pid: child.pid ?? 0, kill: () => end(child, directory) };
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true, force: true });
}

async function loadAndRun(directory: string, deviceState: string): Promise<void> {
  const socket = await connect(join(directory, 'qmp.sock'));
  // An iterator, since lines that arrive together would pass a listener that is added between them.
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  try {
    await command(socket, lines, 'qmp_capabilities');
    const incoming = join(directory, 'incoming.sock');
    await command(socket, lines, 'migrate-incoming', { uri: `unix:${incoming}` });
    const state = await connect(incoming);
    state.end(await readFile(deviceState));
    while ((await command(socket, lines, 'query-migrate'))['status'] !== 'completed') await delay(1);
    await command(socket, lines, 'cont');
  } finally {
    socket.destroy();
  }
}

/** One command at a time; what is not its answer is an event, and passed over. */
async function command(
  socket: Socket,
  lines: AsyncIterator<string>,
  name: string,
  args: Record<string, unknown> = {},
): Promise<Record<string, unknown>> {
  socket.write(`${JSON.stringify({ execute: name, arguments: args })}\n`);
  for (;;) {
    const line = await lines.next();
    if (line.done) throw new Error(`${name}: QEMU closed its socket`);
    const message = JSON.parse(line.value);
    if (message.error !== undefined) throw new Error(`${name}: ${message.error.desc}`);
    if (message.return !== undefined) return message.return;
  }
}

async function connect(path: string): Promise<Socket> {
  for (let attempt = 0; attempt < 5000; attempt++) {
    const socket = createConnection(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      // Not there yet; the bound is the count of attempts.
      await delay(2);
    }
  }
  throw new Error(`nobody listens on ${path}`);
}

function isHealthy(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  get(`http://${address}:49983/health`, { timeout: 20_000 }, (response) => {
    response.resume().on('end', () => resolve((response.statusCode ?? 500) < 300));
  }).on('error', () => resolve(false));
  return promise;
}
