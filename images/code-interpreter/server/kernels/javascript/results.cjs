'use strict';

const { inspect } = require('node:util');

/** Its method gives a value by media type, as Jupyter's kernels have it. */
const displayed = Symbol.for('Jupyter.display');

/** @type {ReadonlyMap<string, string>} */
const formats = new Map([
  ['text/plain', 'text'],
  ['text/html', 'html'],
  ['text/markdown', 'markdown'],
  ['image/svg+xml', 'svg'],
  ['image/png', 'png'],
  ['image/jpeg', 'jpeg'],
  ['application/pdf', 'pdf'],
  ['text/latex', 'latex'],
  ['application/json', 'json'],
  ['application/javascript', 'javascript'],
]);

/** @param {unknown} value */
function shown(value) {
  return typeof value === 'string' ? value : inspect(value);
}

/**
 * @param {unknown} value
 * @returns {Promise<Record<string, unknown>>}
 */
async function bundleOf(value) {
  if (typeof value === 'object' && value !== null && displayed in value) {
    const display = value[displayed];
    if (typeof display === 'function') return await display.call(value);
  }
  return { 'text/plain': shown(value) };
}

/**
 * A value as the event that shows it.
 *
 * @param {unknown} value
 * @param {{ isMain: boolean }} which
 */
async function resultEvent(value, { isMain }) {
  /** @type {Record<string, unknown>} */
  const event = { type: 'result', is_main_result: isMain };
  /** @type {Record<string, unknown>} */
  const extra = {};
  for (const [mime, data] of Object.entries(await bundleOf(value))) {
    const name = formats.get(mime);
    if (name === undefined) extra[mime] = data;
    else event[name] = data;
  }
  return Object.keys(extra).length === 0 ? event : { ...event, extra };
}

/**
 * What was thrown as the event that shows it.
 *
 * @param {unknown} thrown
 */
function errorEvent(thrown) {
  if (!(thrown instanceof Error)) {
    const value = shown(thrown);
    return { type: 'error', name: 'Error', value, traceback: `Error: ${value}` };
  }
  const { name, message } = thrown;
  return { type: 'error', name: String(name), value: String(message), traceback: cellStack(thrown) };
}

/**
 * Without what the kernel adds at its end.
 *
 * @param {Error} error
 */
function cellStack(error) {
  const lines = String(error.stack ?? error).split('\n');
  const own = lines.findIndex((line) => line.includes('node:inspector:') || line.includes(__dirname));
  return (own === -1 ? lines : lines.slice(0, own)).join('\n');
}

module.exports = { errorEvent, resultEvent };
