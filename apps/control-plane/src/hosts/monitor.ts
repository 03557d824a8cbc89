import { atMost, describeError, type HostId, pause } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { Audited } from '../audit/audited.ts';
import { tryLock, unlock } from '../db/locks.ts';
import type { Watcher } from '../worker.ts';
import type { AgentPool } from './agent-pool.ts';
import { Bell } from './bell.ts';
import { noteAnswer, noteSilence } from './marks.ts';
import { reconcile } from './reconcile.ts';
import { type Host, listHosts, noteEpoch } from './store.ts';

interface Services extends Audited {
  readonly agents: AgentPool;
  readonly log: Logger;
}

const everyMs = 15_000;
/** Between two passes that were asked for: whoever may ask must not be able to keep the hosts busy. */
const breatherMs = 100;
/** Three passes without an answer: an agent that is being restarted keeps its capsules, and its host stays online. */
const patienceMs = 45_000;
const hostsAtOnce = 16;

/**
 * Compares each host with the database and makes them agree: whether it answers, which capsules it has. Run on
 * every replica; an advisory lock sees to it that one of them works at a time.
 */
export class HostMonitor implements Watcher {
  readonly name = 'host monitor';
  readonly #services: Services;
  readonly #bell = new Bell();
  /** Hosts whose silence was logged: it is said once, not at every look. */
  readonly #silent = new Set<HostId>();
  #passes: 'none' | 'some' = 'none';

  constructor(services: Services) {
    this.#services = services;
  }

  /** Until then a host that the database says is online may be one of before this process started. */
  get hasLooked(): boolean {
    return this.#passes === 'some';
  }

  /** Asks for a pass soon. */
  poke(): void {
    this.#bell.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.pass(signal);
      await pause(breatherMs, signal);
      await this.#bell.wait(everyMs, signal);
    }
  }

  /** Looks at every host once; does nothing when another replica is at it. */
  async pass(signal: AbortSignal): Promise<void> {
    await this.#services.database.connection().execute(async (connection) => {
      if (!(await tryLock(connection, 'hostMonitor'))) return;
      try {
        await atMost(hostsAtOnce, await listHosts(connection), (host) => this.#look(host, signal));
      } finally {
        await unlock(connection, 'hostMonitor');
      }
    });
    this.#passes = 'some';
  }

  /** One host's fault must not keep the others from being looked at. */
  async #look(host: Host, signal: AbortSignal): Promise<void> {
    const { log } = this.#services;
    try {
      await this.#compare(host, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      const level = this.#silent.has(host.id) ? 'debug' : 'warn';
      this.#silent.add(host.id);
      log[level](
        { host: host.id, address: host.address, cause: describeError(thrown) },
        'host does not answer',
      );
      await this.#noteSilence(host).catch((fault: unknown) => {
        log.error({ host: host.id, cause: describeError(fault) }, 'noting that a host does not answer');
      });
    }
  }

  async #compare(host: Host, signal: AbortSignal): Promise<void> {
    const { database, agents, log } = this.#services;
    const agent = agents.of(host);
    const said = await agent.getHost(signal);
    const epoch = await reconcile({ ...this.#services, agent, host, signal });
    await noteAnswer(this.#services, host, said);
    if (this.#silent.delete(host.id) || host.status !== 'online') {
      log.info({ host: host.id, address: host.address }, 'host is online');
    }
    if (epoch === host.epoch) return;
    await noteEpoch(database, host.id, epoch);
    // What the first look at a new agent spared is decided by the next.
    this.poke();
  }

  async #noteSilence(host: Host): Promise<void> {
    if (host.status !== 'online') return;
    const silentMs = Date.now() - (host.lastHeartbeatAt?.getTime() ?? 0);
    if (silentMs < patienceMs) return;
    const lost = await noteSilence(this.#services, host);
    this.#services.log.warn({ host: host.id, lost }, 'host is unreachable');
  }
}
