import { deadline, systemCode, until, WrennError } from '@wrenn/core';
import { putBeforeOthers } from '@wrenn/sys';
import { log, logFault } from '../log.ts';
import { ControlGroup } from './control-group.ts';
import { Leaves } from './leaves.ts';
import { groupLimits, leafLimits, type MachineSize } from './limits.ts';
import type { Preference } from './preference.ts';
import { type Placement, unplaced, type Workload, type WorkloadKind } from './workload.ts';

/** Without `io`: a capsule has one disk, whose limits are the host's. */
const controllers = ['cpu', 'memory', 'pids'];

/** Turns in which forked children are looked for. Each leaves only those that were forked while it was taken. */
const mostSweeps = 16;

/**
 * Of the process that takes a port's connections: among a hundred children of its own that each move what they can, it
 * came to take one connection in a second.
 */
const listenerNiceness = -15;

const freezeDeadlineMs = 1_000;
const freezePollMs = 2;

/**
 * The workload in control groups below `root`, where images/runtime/init has put the daemon into `daemon`:
 *
 *     daemon                     PID 1 and this daemon
 *     forwarders                 one group for all, since they are ours and do not grow
 *     users/commands/N           a group for each process that was started, and for all that it starts
 *     users/terminals/N
 *
 * A group for each is what gives a command that is started next its fair share against a thousand processes of an
 * earlier one, and what lets all of these be killed together.
 */
export class CgroupWorkload implements Workload {
  readonly #daemon: ControlGroup;
  readonly #forwarders: ControlGroup;
  readonly #users: ControlGroup;
  readonly #commands: Leaves;
  readonly #terminals: Leaves;
  /** The processes that belong into the daemon's group. */
  readonly #own: ReadonlySet<number>;
  readonly #preference: Preference;
  #state: 'running' | 'frozen' = 'running';

  /** Throws the system's error where there are no such groups, or the daemon is not in its own. */
  constructor(root: string, machine: MachineSize, preference: Preference) {
    this.#preference = preference;
    this.#daemon = new ControlGroup(`${root}/daemon`);
    this.#own = new Set(this.#daemon.members());
    if (!this.#own.has(process.pid)) {
      throw new WrennError('missing_prerequisite', `this process is not in ${root}/daemon`);
    }
    const missing = new Set<string>();
    const make = (path: string, limits: Readonly<Record<string, string>>) => {
      const group = ControlGroup.make(`${root}/${path}`);
      for (const file of group.limit(limits)) missing.add(file);
      return group;
    };
    for (const { path, limits } of groupLimits(machine)) {
      const group = make(path, limits);
      if (path === '.' || path.startsWith('users')) group.delegate(controllers);
    }
    const limits = leafLimits(machine);
    const leaves = (folder: string) => new Leaves((name) => make(`users/${folder}/${name}`, limits));
    this.#forwarders = new ControlGroup(`${root}/forwarders`);
    this.#users = new ControlGroup(`${root}/users`);
    this.#commands = leaves('commands');
    this.#terminals = leaves('terminals');
    if (missing.size > 0) log('the kernel lacks limits of control groups', { missing: [...missing] });
  }

  start<T>(spawn: () => T): T {
    return this.#preference.without(spawn);
  }

  adopt(pid: number, kind: WorkloadKind): Placement {
    try {
      if (kind === 'forwarder') {
        this.#place(pid, this.#forwarders);
        putBeforeOthers(pid, listenerNiceness);
        return unplaced.adopt(pid, kind);
      }
      return this.#placeInLeaf(pid, kind === 'terminal' ? this.#terminals : this.#commands);
    } catch (thrown) {
      logFault(`placing process ${pid}`, thrown);
      return unplaced.adopt(pid, kind);
    }
  }

  async freeze(): Promise<void> {
    if (!this.#users.freeze('frozen')) {
      throw new WrennError('missing_prerequisite', 'this kernel cannot freeze processes');
    }
    this.#state = 'frozen';
    try {
      using limit = deadline(freezeDeadlineMs, 'freezing the processes of users');
      await until(() => this.#isStill(), freezePollMs, limit);
    } catch (thrown) {
      this.thaw();
      throw thrown;
    }
  }

  thaw(): void {
    if (this.#state === 'running') return;
    this.#users.freeze('running');
    this.#state = 'running';
  }

  get isPopulated(): boolean {
    return this.#users.state.isPopulated;
  }

  #placeInLeaf(pid: number, leaves: Leaves): Placement {
    try {
      return this.#placeIn(leaves.take(), pid, leaves);
    } catch (thrown) {
      if (!isGone(thrown)) throw thrown;
      // The capsule's root may remove groups that are empty: one that is made now is there.
      leaves.forget();
      return this.#placeIn(leaves.take(), pid, leaves);
    }
  }

  #placeIn(leaf: ControlGroup, pid: number, leaves: Leaves): Placement {
    try {
      this.#place(pid, leaf);
      return new LeafPlacement(leaf, leaves);
    } catch (thrown) {
      leaves.drop(leaf);
      throw thrown;
    }
  }

  #isStill(): true | undefined {
    if (this.#state === 'running') {
      throw new WrennError('cancelled', 'freezing the processes of users: they were let run again');
    }
    return this.#users.state.isFrozen ? true : undefined;
  }

  /**
   * The process may have forked since it was started, and its children may have: those are still in the daemon's group.
   */
  #place(pid: number, group: ControlGroup): void {
    let arriving = [pid];
    for (let sweep = 0; arriving.length > 0; sweep++) {
      if (sweep === mostSweeps) throw new WrennError('deadline_exceeded', 'it forks faster than it is moved');
      for (const each of arriving) group.add(each);
      arriving = this.#daemon.members().filter((member) => !this.#own.has(member));
    }
  }
}

function isGone(thrown: unknown): boolean {
  return systemCode(thrown) === 'ENODEV' || systemCode(thrown) === 'ENOENT';
}

class LeafPlacement implements Placement {
  /** `left`: the process has ended, others live on. `gone`: it is another process's place now. */
  #state: 'held' | 'left' | 'gone' = 'held';
  readonly #leaf: ControlGroup;
  readonly #leaves: Leaves;

  constructor(leaf: ControlGroup, leaves: Leaves) {
    this.#leaf = leaf;
    this.#leaves = leaves;
  }

  killAll(): boolean {
    return this.#state === 'gone' || this.#leaf.kill();
  }

  release(): void {
    if (this.#state !== 'held') return;
    this.#state = 'gone';
    try {
      if (!this.#leaves.giveBack(this.#leaf)) this.#state = 'left';
    } catch (thrown) {
      logFault('giving a place back', thrown);
    }
  }
}
