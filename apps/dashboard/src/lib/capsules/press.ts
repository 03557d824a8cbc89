/**
 * The key of one intention: the same however often it is pressed, and another one once it asks for something else, or
 * was answered.
 */
export class Press {
  #key: string | undefined;
  #asked = '';

  keyFor(request: unknown): string {
    const asked = JSON.stringify(request);
    if (this.#key === undefined || asked !== this.#asked) this.#key = randomKey();
    this.#asked = asked;
    return this.#key;
  }

  /** A refusal is an answer; where none came, what was asked for may have been done. */
  answered(): void {
    this.#key = undefined;
  }
}

/** Not `randomUUID`, which is there over HTTPS only. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
