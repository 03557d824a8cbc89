import type { HostId } from '@wrenn/core';
import { HostAgent } from './agent.ts';
import type { AgentCredentials } from './credentials.ts';

/** Keeps the connections to each host's agent. A host that moved gets new ones. */
export class AgentPool implements Disposable {
  readonly #agents = new Map<HostId, { address: string; agent: HostAgent }>();
  readonly #credentials: AgentCredentials;

  constructor(credentials: AgentCredentials) {
    this.#credentials = credentials;
  }

  of(host: { readonly id: HostId; readonly address: string }): HostAgent {
    const known = this.#agents.get(host.id);
    if (known?.address === host.address) return known.agent;
    known?.agent[Symbol.dispose]();
    const agent = new HostAgent(host.id, host.address, this.#credentials);
    this.#agents.set(host.id, { address: host.address, agent });
    return agent;
  }

  [Symbol.dispose](): void {
    for (const { agent } of this.#agents.values()) agent[Symbol.dispose]();
    this.#agents.clear();
  }
}
