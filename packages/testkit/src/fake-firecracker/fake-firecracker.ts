import { appendFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ApiServer, type JournalEntry } from './api-server.ts';
import { controlSocketName } from './control-protocol.ts';
import { listenForControl } from './control-server.ts';
import { HostWorld } from './host-world.ts';
import { FakeMachine } from './state.ts';

/**
 * A program that is started as Firecracker is, and answers its API as that does, without a virtual machine: its guest is
 * memory that a test touches. install-fake-firecracker.ts makes the executable, and sets the environment that is read here.
 *
 * What it does not have: vCPUs, so a guest does nothing of itself; drives of vhost-user, huge pages, pmem, vsock, memory
 * hotplug and CPU templates, which it refuses; metrics and balloon statistics. Where it is stricter than Firecracker is
 * said in state.ts and validate.ts. Its faults have their beginning in common with Firecracker's, not their words.
 */
const version = process.env['FAKE_FIRECRACKER_VERSION'] ?? '1.16.2';
const journalFile = process.env['FAKE_FIRECRACKER_JOURNAL'];
const threadProgram = process.env['FAKE_FIRECRACKER_THREAD'];

/** The exit code of Firecracker for arguments that it does not take. */
const badArguments = 153;
const maximumJournalEntries = 10_000;

main();

function main(): void {
  const options = readArguments();
  if (options.version === true) {
    process.stdout.write(`Firecracker v${version}\n`);
    return;
  }
  const { id = 'anonymous-instance', 'api-sock': socketPath = '/run/firecracker.socket' } = options;
  if (!/^[A-Za-z0-9-]{1,64}$/.test(id)) fail(`Invalid instance ID: ${id}`);
  const world = new HostWorld(
    threadProgram === undefined ? {} : { threadProgram: pathToFileURL(threadProgram) },
  );
  if (options['log-path'] !== undefined) world.openLog(options['log-path']);
  const journal: JournalEntry[] = [];
  const note = (entry: JournalEntry) => {
    if (journal.length < maximumJournalEntries) journal.push(entry);
    if (journalFile !== undefined) appendFileSync(journalFile, `${JSON.stringify({ id, ...entry })}\n`);
    if (entry.fault !== undefined) world.log(`${entry.call}: ${entry.fault}`);
  };
  const api = new ApiServer(new FakeMachine(world, { id, version }), {
    note,
    exit: (code) => process.exit(code),
  });
  const control = listenForControl(join(dirname(socketPath), controlSocketName), { world, api, journal });
  // Who finds the API finds the control too.
  control.once('listening', () => {
    const server = api.listen(socketPath);
    server.once('error', (cause) => fail(`Failed to open the API socket at ${socketPath}: ${cause.message}`));
  });
  control.once('error', (cause) => fail(`the control socket: ${cause.message}`));
}

/** Those that Firecracker takes, and that mean something here; the jailer passes the times. */
function readArguments() {
  const flag = { type: 'boolean' } as const;
  const value = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      options: {
        id: value,
        'api-sock': value,
        'log-path': value,
        level: value,
        'show-level': flag,
        'show-log-origin': flag,
        'start-time-us': value,
        'start-time-cpu-us': value,
        'parent-cpu-time-us': value,
        version: flag,
      },
    });
    return values;
  } catch (thrown) {
    return fail(`Arguments parsing error: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function fail(why: string): never {
  process.stderr.write(`fake Firecracker: ${why}\n`);
  process.exit(badArguments);
}
