import type { Page, WebSocketRoute } from 'playwright-core';

/** A network between a page and its WebSockets, those of terminals unless told, that a test can cut. */
export class Network {
  readonly #open = new Set<WebSocketRoute>();
  #state: 'whole' | 'cut' = 'whole';
  #held: PromiseWithResolvers<void> | undefined;

  static async of(page: Page, address = /\/pty$/): Promise<Network> {
    const network = new Network();
    await page.routeWebSocket(address, (socket) => network.#connect(socket));
    return network;
  }

  /** Breaks what is open, and lets nothing through until it is mended. */
  async cut(): Promise<void> {
    this.#state = 'cut';
    await Promise.all([...this.#open].map((socket) => socket.close({ code: 4000, reason: 'cut' })));
    this.#open.clear();
  }

  /** What is opened now goes through when it is let go. */
  hold(): void {
    this.#held = Promise.withResolvers<void>();
  }

  letGo(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  mend(): void {
    this.#state = 'whole';
  }

  async #connect(socket: WebSocketRoute): Promise<void> {
    if (this.#state === 'cut') {
      void socket.close({ code: 4000, reason: 'cut' });
      return;
    }
    await this.#held?.promise;
    socket.connectToServer();
    this.#open.add(socket);
  }
}
