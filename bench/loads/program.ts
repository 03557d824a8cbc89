import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type Cleanup, deadline, until } from '@wrenn/core';

const startMs = 20_000;

/** Starts a program that runs until the release. */
export async function startProgram(
  [program, ...args]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  cleanup: Cleanup,
): Promise<void> {
  const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: 'ignore' });
  await once(child, 'spawn');
  await cleanup.add(program, async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
}

export async function listens(port: number, signal: AbortSignal): Promise<void> {
  using limit = deadline(startMs, `waiting for port ${port}`, signal);
  await until(() => isOpen(port), 50, limit);
}

async function isOpen(port: number): Promise<true | undefined> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
