'use strict';

const { writeSync } = require('node:fs');
const { Writable } = require('node:stream');

/**
 * Waits for the reader. A child may have made the pipe, which it shares, one that does not wait by itself.
 *
 * @param {number} fd
 * @param {Uint8Array} bytes
 */
function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length; ) at += writeSome(fd, bytes, at);
}

/**
 * @param {number} fd
 * @param {Uint8Array} bytes
 * @param {number} at
 */
function writeSome(fd, bytes, at) {
  try {
    return writeSync(fd, bytes, at);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
}

/**
 * An output that has written when it says so: Node's own would gather what the reader does not take.
 *
 * @param {number} fd
 */
function outputOf(fd) {
  const output = new Writable({
    write: (bytes, _encoding, done) => {
      writeAll(fd, bytes);
      done();
    },
  });
  return Object.assign(output, { fd });
}

module.exports = { outputOf, writeAll };
