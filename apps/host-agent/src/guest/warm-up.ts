import { once } from 'node:events';
import { deadline, WrennError } from '@wrenn/core';
import type { GuestClient } from './guest-client.ts';
import type { Identity } from './init-request.ts';

/** A key that is shown, and Ctrl-D twice: after the key the first hands over, the second ends. */
const endOfInput = Buffer.from('x\x04\x04');

/** The guest reads its metadata a second after `/init`; one that does not is a good guest too. */
const metadataDeadlineMs = 10_000;

/** Opens a port on loopback for two seconds, in which envd forwards it. */
const openPort = [
  ...['/run/wrenn/runtime/lib/ld-linux-x86-64.so.2', '--library-path', '/run/wrenn/runtime/lib'],
  ...['/run/wrenn/runtime/bin/socat', 'TCP4-LISTEN:49151,bind=127.0.0.1,accept-timeout=2', '/dev/null'],
] as const;

/**
 * Does once what every capsule of a template does first, so that what it needs (envd's compiled code, the C library,
 * the shell) is in the memory that they all start from; then writes the disk back. `metadataRead` settles when the
 * guest has read its metadata: frozen half-way, it would be something for each capsule to break off.
 */
export async function warmUp(
  guest: GuestClient,
  identity: Identity,
  metadataRead: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await sitAtTerminal(guest, signal);
  await guest.files.listDir({ path: '/' }, { signal });
  await run(guest, openPort, signal);
  await guest.sample(signal);
  await guest.sample(signal);
  await guest.init(identity, identity.hostSecret, signal);
  await run(guest, ['true'], signal);
  await run(guest, ['true'], signal);
  await run(guest, ['sh', '-c', 'hostname >/dev/null'], signal);
  await settled(metadataRead, signal);
  // What a first pause or checkpoint is held up by otherwise.
  await guest.prepare(identity.hostSecret, signal);
  await guest.continue(identity.hostSecret, signal);
  await run(guest, ['sync'], signal);
}

/** Types into a terminal, and waits for the end of its program; an image without that one is a good image too. */
async function sitAtTerminal(guest: GuestClient, signal: AbortSignal): Promise<void> {
  const tag = 'warm-up';
  const request = { process: { cmd: 'cat' }, tag, pty: { size: { cols: 80, rows: 24 } } };
  for await (const { event } of guest.process.start(request, { signal })) {
    if (event?.event.case === 'start' && event.event.value.pid > 0) await typeEnd(guest, tag, signal);
  }
}

async function typeEnd(guest: GuestClient, tag: string, signal: AbortSignal): Promise<void> {
  try {
    await guest.typeInto({ tag, data: endOfInput, writer: 'warm-up', offset: 0n }, signal);
  } catch (thrown) {
    // It could not be run, and has ended by itself.
    const { code } = WrennError.from(thrown);
    if (code !== 'not_found' && code !== 'invalid_state') throw thrown;
  }
}

async function run(
  guest: GuestClient,
  [cmd, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<void> {
  let exitCode: number | undefined;
  for await (const { event } of guest.process.start({ process: { cmd, args }, stdin: false }, { signal })) {
    if (event?.event.case === 'end') exitCode = event.event.value.exitCode;
  }
  // An image without a shell is a good image; what must not happen is that envd does not answer.
  if (exitCode === undefined) {
    throw new WrennError('agent_error', `running ${cmd} in the template: no end was seen`);
  }
}

/** Whether or not it came in time; throws when `signal` aborts. */
async function settled(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  using limit = deadline(metadataDeadlineMs, 'waiting for the guest to read its metadata', signal);
  await Promise.race([promise, once(limit, 'abort')]);
  signal.throwIfAborted();
}
