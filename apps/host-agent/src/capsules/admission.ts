import { WrennError } from '@wrenn/core';

/** Whether this host takes on more capsules. Draining is for good: it ends with the agent. */
export class Admission {
  #state: 'open' | 'draining' = 'open';

  get state(): 'open' | 'draining' {
    return this.#state;
  }

  drain(): void {
    this.#state = 'draining';
  }

  /** Throws where nothing may be started any more. */
  requireOpen(): void {
    if (this.#state === 'open') return;
    throw new WrennError('host_unavailable', 'this host is stopping and starts no more capsules', {
      remedy: 'try again: another host may take it, or this one when it is back',
    });
  }
}
