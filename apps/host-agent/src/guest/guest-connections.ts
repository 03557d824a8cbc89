import { Agent } from 'node:http';
import { closeIdle } from '@wrenn/forward';

/** More calls than these wait for one of them to end, none for longer than its own bound. */
const mostCalls = 64;
/** Sooner than the guest closes one that idles. */
const idleMs = 90_000;

/** The connections to one guest, in two pools, so that what lasts never holds up what is answered at once. */
export class GuestConnections {
  readonly calls = new Agent({ keepAlive: true, maxSockets: mostCalls, maxFreeSockets: 4, timeout: idleMs });
  /** For streams, for input that a program takes when it likes, and for what must never wait: nothing queues here. */
  readonly lasting = new Agent({ keepAlive: true, maxFreeSockets: 4, timeout: idleMs });

  closeIdle(): void {
    closeIdle(this.calls);
    closeIdle(this.lasting);
  }

  close(): void {
    this.calls.destroy();
    this.lasting.destroy();
  }
}
