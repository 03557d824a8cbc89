import { readdirSync, readlinkSync } from 'node:fs';
import { deadline, systemCode, until } from '@wrenn/core';
import { log, logFault } from '../log.ts';
import type { Workload } from '../workload/workload.ts';
import { isSameTarget, planForwarding, type Target } from './forwarding-plan.ts';
import type { ListeningSocket } from './listening-sockets.ts';
import type { PortSubsystem } from './port-subsystem.ts';
import { Socat, type SocatEnd } from './socat.ts';
import { SocketTable } from './socket-table.ts';

export interface ForwardingOptions {
  /** The words that start socat. */
  readonly command: readonly string[];
  /** The machine's own address, at which the ports become reachable. */
  readonly address: string;
  readonly workload: Workload;
}

/** A listener is found after at most this, which leaves as much for socat to start. */
const lookEveryMs = 100;
/** Whether anybody is there to open a port is asked only so often, since it costs as much as a look. */
const looksBeforeSleep = 10;
/** Each is a process: a program that opens thousands of ports must not have as many started for it. */
const forwarderLimit = 256;
/** Starting one takes milliseconds, in which nothing else runs. */
const startsPerLook = 4;
/** After a socat that could not bind. Doubled each time it fails again. */
const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** One that lived longer than this could bind, and has ended for another reason. */
const boundAfterMs = 1_000;
const stopDeadlineMs = 5_000;
const stopPollMs = 5;

/** A port that is wanted, with its socat or the timer of the next one. */
interface Forwarder {
  readonly port: number;
  readonly target: Target;
  /** Times in a row that it could not bind. */
  readonly failures: number;
  state:
    | { readonly kind: 'running'; readonly socat: Socat }
    | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout };
}

interface Running {
  readonly kind: 'running';
  readonly table: SocketTable;
  /** Undefined while nobody can open a port. */
  timer: NodeJS.Timeout | undefined;
}

/**
 * Forwards each port that listens on loopback alone from the machine's own address, by one socat for each.
 *
 * The kernel tells nobody when a port is opened, so its table is looked at ten times a second while users have
 * processes; a machine without any is left asleep until `wake`. A socat that ends is replaced for as long as the
 * listener is there.
 */
export class PortForwarding implements PortSubsystem {
  readonly #options: ForwardingOptions;
  #state: Running | { readonly kind: 'stopped' } = { kind: 'stopped' };
  readonly #forwarders = new Map<number, Forwarder>();
  /** Every socat of which there may be a process: also those that only carry connections still. */
  readonly #socats = new Set<Socat>();
  /** Ports whose socat was ended and may still listen. */
  readonly #closing = new Set<number>();
  #isMissing = false;
  /** In a row, that found nothing new. */
  #quietLooks = 0;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#state.kind === 'running' || this.#isMissing) return;
    this.#state = { kind: 'running', table: new SocketTable(), timer: undefined };
    this.wake();
  }

  /** A process of a user was started. */
  wake(): void {
    if (this.#state.kind === 'stopped' || this.#state.timer !== undefined) return;
    this.#quietLooks = 0;
    this.#state.timer = setInterval(() => this.#tick(), lookEveryMs);
  }

  async stop(): Promise<void> {
    this.#end();
    const socats = [...this.#socats];
    for (const socat of socats) socat.kill();
    using limit = deadline(stopDeadlineMs, 'ending the forwarders of ports');
    await until(() => (socats.some((socat) => socat.isAlive) ? undefined : true), stopPollMs, limit);
    for (const socat of socats) this.#socats.delete(socat);
  }

  /** Ends everything but the processes. */
  #end(): void {
    if (this.#state.kind === 'stopped') return;
    clearInterval(this.#state.timer);
    this.#state.table[Symbol.dispose]();
    this.#state = { kind: 'stopped' };
    for (const { state } of this.#forwarders.values())
      if (state.kind === 'waiting') clearTimeout(state.timer);
    this.#forwarders.clear();
    this.#closing.clear();
  }

  #tick(): void {
    for (const socat of this.#socats) if (!socat.isThere) this.#socats.delete(socat);
    if (this.#state.kind === 'stopped') return;
    try {
      const sockets = this.#state.table.read();
      this.#quietLooks = sockets === 'unchanged' ? this.#quietLooks + 1 : 0;
      if (sockets !== 'unchanged') this.#follow(sockets, this.#state);
      else if (this.#quietLooks % looksBeforeSleep === 0) this.#sleepIfPossible(this.#state);
    } catch (thrown) {
      logFault('looking for listening ports', thrown);
    }
  }

  #sleepIfPossible(state: Running): void {
    if (this.#socats.size > 0 || this.#forwarders.size > 0 || this.#options.workload.isPopulated) return;
    clearInterval(state.timer);
    state.timer = undefined;
  }

  #follow(sockets: readonly ListeningSocket[], state: Running): void {
    const isOurs = ({ address, port }: ListeningSocket) =>
      address === this.#options.address && this.#forwarders.get(port)?.state.kind === 'running';
    const plan = planForwarding(
      sockets.filter((socket) => !isOurs(socket)),
      this.#options.address,
    );
    for (const forwarder of this.#forwarders.values()) {
      if (!isSameTarget(forwarder.target, plan.get(forwarder.port))) this.#drop(forwarder);
    }
    const fresh = [...plan].filter(([port]) => !this.#forwarders.has(port) && !this.#closing.has(port));
    if (fresh.length > 0) this.#runAll(fresh, portsOfThisProcess(sockets), state);
  }

  #runAll(fresh: readonly (readonly [number, Target])[], own: ReadonlySet<number>, state: Running): void {
    const wanted = fresh.filter(([port]) => !own.has(port));
    const room = forwarderLimit - this.#forwarders.size;
    if (wanted.length > room)
      log('too many ports listen: not all are forwarded', { forwarded: forwarderLimit });
    const now = Math.min(room, startsPerLook);
    for (const [port, target] of wanted.slice(0, now)) this.#run({ port, target, failures: 0 });
    // The others have their turn at the next look, although nothing will have changed.
    if (wanted.length > now && now < room) state.table.forget();
  }

  #run({ port, target, failures }: Omit<Forwarder, 'state'>): void {
    const socat = new Socat({ ...this.#options, port, target }, this.#options.workload);
    this.#socats.add(socat);
    const forwarder: Forwarder = { port, target, failures, state: { kind: 'running', socat } };
    this.#forwarders.set(port, forwarder);
    const startedAt = performance.now();
    void socat.ended.then((end) => this.#ended(forwarder, end, performance.now() - startedAt));
  }

  /** The connections that there are come to their own end: a server may close its port and still answer. */
  #drop(forwarder: Forwarder): void {
    this.#forwarders.delete(forwarder.port);
    if (forwarder.state.kind === 'waiting') {
      clearTimeout(forwarder.state.timer);
    } else {
      forwarder.state.socat.close();
      this.#closing.add(forwarder.port);
    }
  }

  #ended(forwarder: Forwarder, end: SocatEnd, lifeMs: number): void {
    if (this.#forwarders.get(forwarder.port) !== forwarder) this.#closed(forwarder.port);
    else if (end.kind === 'not-started' && end.isMissing) this.#giveUp(end.fault);
    else this.#retry(forwarder, end, lifeMs > boundAfterMs ? 0 : forwarder.failures + 1);
  }

  #retry(forwarder: Forwarder, end: SocatEnd, failures: number): void {
    if (failures === 1) log('a port cannot be forwarded yet', { port: forwarder.port, ...reasonOf(end) });
    const retryMs = failures === 0 ? 0 : Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs);
    const again = { port: forwarder.port, target: forwarder.target, failures };
    forwarder.state = { kind: 'waiting', timer: setTimeout(() => this.#run(again), retryMs) };
  }

  /** What listens there now was not followed while the old socat did. */
  #closed(port: number): void {
    if (this.#closing.delete(port) && this.#state.kind === 'running') this.#state.table.forget();
  }

  #giveUp(fault: Error): void {
    this.#isMissing = true;
    this.#end();
    logFault('ports on loopback stay there: socat cannot be started', fault);
  }
}

function reasonOf(end: SocatEnd): { reason?: string } {
  return end.kind === 'exited' ? {} : { reason: end.fault.message };
}

/** This daemon's own, among the sockets: whoever can reach the machine's address is not meant to reach them there. */
function portsOfThisProcess(sockets: readonly ListeningSocket[]): Set<number> {
  const inodes = new Set(readdirSync('/proc/self/fd').map((fd) => socketInode(`/proc/self/fd/${fd}`)));
  return new Set(sockets.filter(({ inode }) => inodes.has(inode)).map(({ port }) => port));
}

function socketInode(path: string): number | undefined {
  try {
    const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
    return inode === undefined ? undefined : Number(inode);
  } catch (thrown) {
    // The descriptor that the folder itself was read by.
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
