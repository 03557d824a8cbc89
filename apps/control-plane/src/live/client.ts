import { Readable } from 'node:stream';
import type { Audience } from './audience.ts';
import { heartbeat, resyncEvent } from './wire.ts';

/** What waits for a client that does not read, which it shares with others; what comes beyond it is left out. */
export const mostWaitingBytes = 1024 * 1024;
const readAheadBytes = 16 * 1024;
/** Heartbeats that a client may take to read again. */
const patience = 4;

/**
 * What one browser is told, as a stream of bytes. It never waits for its reader: what a slow one cannot take is dropped,
 * and it is told so when it reads again.
 */
export class LiveClient extends Readable {
  readonly audience: Audience;
  #isLagging = false;
  #missedBeats = 0;

  constructor(audience: Audience) {
    super({ highWaterMark: readAheadBytes });
    this.audience = audience;
  }

  tell(event: Buffer): void {
    if (this.#isLagging || this.readableEnded || this.destroyed) return;
    if (this.readableLength + event.length > mostWaitingBytes) this.#isLagging = true;
    else this.push(event);
  }

  /** Shows that the connection is alive. Gives up a client that reads nothing. */
  beat(): void {
    if (this.readableLength === 0 && !this.#isLagging) {
      this.#missedBeats = 0;
      this.push(heartbeat);
      return;
    }
    this.#missedBeats += 1;
    if (this.#missedBeats >= patience) this.destroy();
  }

  /** Whoever is quick gets what waits for them; nobody is waited for. */
  conclude(): void {
    if (this.readableLength > 0) this.destroy();
    else this.push(null);
  }

  /** Somebody reads, and there is room again. */
  override _read(): void {
    if (!this.#isLagging) return;
    this.#isLagging = false;
    this.push(resyncEvent('lagging'));
  }
}
