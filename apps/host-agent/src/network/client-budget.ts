/** Places that clients share: a number in all, and a smaller one for each, so that one cannot take them all. */
export class ClientBudget {
  readonly #limits: { readonly total: number; readonly perClient: number };
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(limits: { readonly total: number; readonly perClient: number }) {
    this.#limits = limits;
  }

  /** A place until it is disposed of; undefined when there is none for this client. */
  enter(client: string): Disposable | undefined {
    const own = this.#taken.get(client) ?? 0;
    if (this.#total >= this.#limits.total || own >= this.#limits.perClient) return undefined;
    this.#taken.set(client, own + 1);
    this.#total += 1;
    return { [Symbol.dispose]: () => this.#leave(client) };
  }

  #leave(client: string): void {
    const own = this.#taken.get(client) ?? 0;
    if (own <= 1) this.#taken.delete(client);
    else this.#taken.set(client, own - 1);
    this.#total -= 1;
  }
}
