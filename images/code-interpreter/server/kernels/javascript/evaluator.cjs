'use strict';
// V8's own mode for consoles: `await` at the top, and names that may be declared again.

const inspector = require('node:inspector');
const vm = require('node:vm');

const name = '__evaluator';

class Evaluator {
  #session = new inspector.Session();
  /** @type {string | undefined} */
  #world;
  /** @type {(() => void) | undefined} */
  #stop;
  /** @type {unknown} */
  #taken;
  #post = () => {};

  /** Begins; there can be one in a process. */
  async open() {
    this.#session.connect();
    const reach = {
      post: () => this.#post(),
      take: (/** @type {unknown} */ value) => {
        this.#taken = value;
      },
    };
    Object.defineProperty(globalThis, name, { value: reach });
    this.#world = (await this.#ask('Runtime.evaluate', { expression: 'globalThis' })).result.objectId;
  }

  /**
   * What a cell comes to.
   *
   * @param {string} code
   * @returns {Promise<{ kind: 'value', value: unknown } | { kind: 'thrown', value: unknown }>}
   */
  async run(code) {
    try {
      const { result, exceptionDetails } = await this.#evaluate(code);
      if (exceptionDetails === undefined) return { kind: 'value', value: await this.#valueBehind(result) };
      return { kind: 'thrown', value: await this.#valueBehind(exceptionDetails.exception ?? result) };
    } catch (error) {
      return { kind: 'thrown', value: error };
    } finally {
      this.#stop = undefined;
      await this.#ask('Runtime.releaseObjectGroup', { objectGroup: 'cell' });
    }
  }

  /** Ends the cell that waits. One that does not is ended by the signal itself. */
  interrupt() {
    this.#stop?.();
  }

  /**
   * @param {string} code
   * @returns {Promise<any>}
   */
  #evaluate(code) {
    return new Promise((fulfil, reject) => {
      const stop = () =>
        reject(Object.assign(new Error('the cell was interrupted'), { name: 'Interrupted' }));
      this.#stop = stop;
      const parameters = { expression: code, replMode: true, awaitPromise: true, objectGroup: 'cell' };
      this.#post = () =>
        this.#session.post('Runtime.evaluate', parameters, (error, answer) => {
          if (error === null) fulfil(answer);
          else if (/terminated/.test(error.message)) stop();
          else reject(error);
        });
      try {
        // The only way in which a signal ends what never returns.
        vm.runInThisContext(`${name}.post()`, { breakOnSigint: true });
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED')
          stop();
        else reject(error);
      }
    });
  }

  /**
   * The session only describes values: one of this process is handed over by a function.
   *
   * @param {{ objectId?: string, unserializableValue?: string, value?: unknown }} remote
   */
  async #valueBehind({ objectId, unserializableValue, value }) {
    const argument = objectId ? { objectId } : unserializableValue ? { unserializableValue } : { value };
    await this.#ask('Runtime.callFunctionOn', {
      functionDeclaration: `(value) => { ${name}.take(value); }`,
      objectId: this.#world,
      arguments: [argument],
    });
    const taken = this.#taken;
    this.#taken = undefined;
    return taken;
  }

  /**
   * @param {string} method
   * @param {object} parameters
   * @returns {Promise<any>}
   */
  #ask(method, parameters) {
    return new Promise((fulfil, reject) => {
      this.#session.post(method, parameters, (error, answer) =>
        error === null ? fulfil(answer) : reject(error),
      );
    });
  }
}

module.exports = { Evaluator };
