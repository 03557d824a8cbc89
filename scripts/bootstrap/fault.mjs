/** A fault that a person can do something about: printed as one line, cause first. */
export class BootstrapFault extends Error {
  /**
   * @param {string} message what went wrong
   * @param {string} remedy what to do about it
   */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }

  /** @override */
  toString() {
    return `wrenn: ${this.message}; ${this.remedy}`;
  }
}
