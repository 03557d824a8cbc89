import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { log, logFault } from '../log.ts';
import type { Workload } from '../workload/workload.ts';
import { readIfThere, untouchable } from './replace-file.ts';

/** Private and public keys, and certificates of them. */
const keyFile = /^ssh_host_.+_key(?:-cert)?(?:\.pub)?$/;

/** A large RSA key takes an emulated guest many seconds. */
const generateDeadlineMs = 300_000;

/**
 * The keys by which SSH clients know this machine. A copy of a machine must not go on under its parent's: who has one
 * could pass for the other. They are removed before anything runs in the copy, and made anew when there is time.
 */
export class SshHostKeys {
  readonly #folder: string;
  readonly #pidFile: string;
  #state: 'settled' | 'removed' = 'settled';
  #generator: ChildProcess | undefined;

  /** `etc` has the folder `ssh`, `run` the PID file of sshd. */
  constructor(etc: string, run: string) {
    this.#folder = `${etc}/ssh`;
    this.#pidFile = `${run}/sshd.pid`;
  }

  /**
   * `none`: the machine has none. `kept`: its file system takes no writes. A server that runs has the old keys in its
   * memory: it stands still from here on until `renew` has it start anew.
   */
  remove(): 'none' | 'kept' | 'removed' {
    // Copied in the middle of its work, it would make the same keys in each copy.
    if (this.#generator !== undefined) killGroup(this.#generator);
    this.#generator = undefined;
    const names = this.#names();
    if (names.length === 0) return this.#state === 'removed' ? 'removed' : 'none';
    try {
      for (const name of names) unlinkSync(`${this.#folder}/${name}`);
    } catch (thrown) {
      if (!untouchable.includes(systemCode(thrown))) throw thrown;
      return 'kept';
    }
    this.#state = 'removed';
    this.#signalServer('SIGSTOP');
    return 'removed';
  }

  /** Has the image's own program make new keys, and the server take them up. Logs what fails; never rejects. */
  async renew(path: string, workload: Workload): Promise<void> {
    if (this.#state === 'settled' || this.#generator !== undefined) return;
    const generator = workload.start(() =>
      spawn('ssh-keygen', ['-A'], { env: { PATH: path, HOME: '/root' }, stdio: 'ignore', detached: true }),
    );
    this.#generator = generator;
    const fault = await ended(generator, workload).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    // Another identity has come meanwhile, and sees to its own keys.
    if (this.#generator !== generator) return;
    if (systemCode(fault) === 'ENOENT') log('the image has no ssh-keygen: its host keys stay removed');
    else if (fault !== undefined) logFault('making SSH host keys', fault);
    this.#generator = undefined;
    this.#state = 'settled';
    // Even without keys: it then ends, where it would show its parent's.
    this.#signalServer('SIGHUP');
    this.#signalServer('SIGCONT');
  }

  #names(): string[] {
    // Most images have none, and an error's stack takes longer to make than all the rest of `/init`'s look at SSH.
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder).filter((name) => keyFile.test(name));
  }

  #signalServer(signal: NodeJS.Signals): void {
    const pid = Number(readIfThere(this.#pidFile)?.trim());
    if (!Number.isInteger(pid) || pid <= 1) return;
    // The file may outlive the server, and its number go to another process.
    if (readIfThere(`/proc/${pid}/comm`) === 'sshd\n') sendSignal(pid, signal);
  }
}

/** Throws when it could not be started, was not done in time, or failed. */
async function ended(generator: ChildProcess, workload: Workload): Promise<void> {
  const late = setTimeout(() => killGroup(generator), generateDeadlineMs);
  const placement = generator.pid === undefined ? undefined : workload.adopt(generator.pid, 'command');
  try {
    const [code, signal] = await once(generator, 'exit');
    if (code !== 0) throw new WrennError('internal_error', `ssh-keygen: ${signal ?? `exit code ${code}`}`);
  } finally {
    clearTimeout(late);
    placement?.release();
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    sendSignal(-child.pid, 'SIGKILL');
  }
}

/** To a process that may have ended just now. */
function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ESRCH') throw thrown;
  }
}
