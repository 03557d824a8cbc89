interface Piece {
  /** How many bytes were sent before it. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const largestPieceBytes = 64 * 1024;
/** What may be on its way; beyond that a writer waits. */
const mostBytes = 1024 * 1024;

/** What was typed and is not known to have arrived: it is sent again after a connection broke. */
export class UnconfirmedInput {
  #pieces: Piece[] = [];
  #sent = 0;
  #confirmed = 0;
  #state: 'open' | 'ended' = 'open';
  #changed = Promise.withResolvers<void>();

  /** Keeps it, and returns it in the pieces that are to be sent now. Waits while too much is on its way. */
  async add(bytes: Uint8Array): Promise<readonly Piece[]> {
    while (this.#sent - this.#confirmed >= mostBytes && this.#state === 'open') await this.#changed.promise;
    const added: Piece[] = [];
    for (let at = 0; at < bytes.length; at += largestPieceBytes) {
      const piece = { offset: this.#sent, bytes: bytes.slice(at, at + largestPieceBytes) };
      this.#sent += piece.bytes.length;
      added.push(piece);
    }
    this.#pieces.push(...added);
    return added;
  }

  /** Everything before `offset` has arrived. */
  confirm(offset: number): void {
    this.#confirmed = Math.max(this.#confirmed, offset);
    this.#pieces = this.#pieces.filter(({ offset: from, bytes }) => from + bytes.length > offset);
    this.#tell();
  }

  all(): readonly Piece[] {
    return this.#pieces;
  }

  /** Nobody waits any more. */
  end(): void {
    this.#state = 'ended';
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
