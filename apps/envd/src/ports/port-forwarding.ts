import { deadline, until } from '@wrenn/core';
import { log, logFault } from '../log.ts';
import type { Workload } from '../workload/workload.ts';
import { Forwarder, type ForwarderRules } from './forwarder.ts';
import { isSameTarget, planForwarding, type Target } from './forwarding-plan.ts';
import { canHandOver } from './held-port.ts';
import type { ListeningSocket } from './listening-sockets.ts';
import { socketsOfThisProcess } from './own-sockets.ts';
import type { PortSubsystem } from './port-subsystem.ts';
import type { Socat } from './socat.ts';
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
const stopDeadlineMs = 5_000;
const stopPollMs = 5;

interface Running {
  readonly kind: 'running';
  readonly table: SocketTable;
  readonly rules: ForwarderRules;
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
    const rules: ForwarderRules = {
      workload: this.#options.workload,
      handOver: canHandOver() ? 'possible' : 'impossible',
      started: (socat) => this.#socats.add(socat),
      missing: (fault) => this.#giveUp(fault),
    };
    this.#state = { kind: 'running', table: new SocketTable(), rules, timer: undefined };
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
    for (const forwarder of this.#forwarders.values()) void forwarder.close();
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
    const { address } = this.#options;
    const atOwn = Map.groupBy(
      sockets.filter((socket) => socket.address === address),
      ({ port }) => port,
    );
    for (const [port, found] of atOwn) this.#forwarders.get(port)?.seen(found.length);
    const isOurs = (socket: ListeningSocket) =>
      socket.address === address && this.#forwarders.get(socket.port)?.isRunning === true;
    const plan = planForwarding(
      sockets.filter((socket) => !isOurs(socket)),
      address,
    );
    for (const { order } of this.#forwarders.values()) {
      if (!isSameTarget(order.target, plan.get(order.port))) this.#drop(order.port);
    }
    const fresh = [...plan].filter(([port]) => !this.#forwarders.has(port) && !this.#closing.has(port));
    if (fresh.length > 0) this.#runAll(fresh, portsOfThisProcess(sockets), state);
  }

  #runAll(fresh: readonly (readonly [number, Target])[], own: ReadonlySet<number>, state: Running): void {
    const wanted = fresh.filter(([port]) => !own.has(port));
    const room = forwarderLimit - this.#forwarders.size;
    if (wanted.length > room) {
      log('too many ports listen: not all are forwarded', { forwarded: forwarderLimit });
    }
    const now = Math.min(room, startsPerLook);
    for (const [port, target] of wanted.slice(0, now)) {
      const order = { command: this.#options.command, address: this.#options.address, port, target };
      this.#forwarders.set(port, new Forwarder(order, state.rules));
    }
    // The others have their turn at the next look, although nothing will have changed.
    if (wanted.length > now && now < room) state.table.forget();
  }

  #drop(port: number): void {
    const forwarder = this.#forwarders.get(port);
    if (forwarder === undefined) return;
    this.#forwarders.delete(port);
    this.#closing.add(port);
    void forwarder.close().then(() => {
      // What listens there now was not followed while the old socat did.
      if (this.#closing.delete(port) && this.#state.kind === 'running') this.#state.table.forget();
    });
  }

  #giveUp(fault: Error): void {
    if (this.#isMissing) return;
    this.#isMissing = true;
    this.#end();
    logFault('ports on loopback stay there: socat cannot be started', fault);
  }
}

/** This daemon's own, among the sockets: whoever can reach the machine's address is not meant to reach them there. */
function portsOfThisProcess(sockets: readonly ListeningSocket[]): Set<number> {
  const inodes = socketsOfThisProcess();
  return new Set(sockets.filter(({ inode }) => inodes.has(inode)).map(({ port }) => port));
}
