'use strict';
// Runs cells of JavaScript, or of TypeScript, in this process. After the language come two descriptors: requests are
// lines of JSON on the first, events on the second.

const { Console } = require('node:console');
const nodeModule = require('node:module');
const { Socket } = require('node:net');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const { Evaluator } = require('./evaluator.cjs');
const { importFromHere, importName, rewriteImports } = require('./imports.cjs');
const { outputOf, writeAll } = require('./outputs.cjs');
const { errorEvent, resultEvent } = require('./results.cjs');

const maxEventBytes = 32 * 1024 * 1024;
const maxKeptBytes = 64 * 1024;
const language = process.argv[2];
const requests = Number(process.argv[3]);
const events = Number(process.argv[4]);
const evaluator = new Evaluator();

/** @param {Record<string, unknown>} event */
function tell(event) {
  let line = Buffer.from(`${JSON.stringify(event)}\n`);
  if (line.length > maxEventBytes) {
    console.error(`what has ${line.length} bytes is not shown`);
    const small = Object.entries(event).filter(
      ([, value]) => `${JSON.stringify(value)}`.length < maxKeptBytes,
    );
    line = Buffer.from(`${JSON.stringify(Object.fromEntries(small))}\n`);
  }
  writeAll(events, line);
}

/** @param {string} source */
async function runCell(source) {
  try {
    const code = language === 'typescript' ? nodeModule.stripTypeScriptTypes(source) : source;
    const { kind, value } = await evaluator.run(rewriteImports(code));
    if (kind === 'thrown') tell(errorEvent(value));
    else if (value !== undefined) tell(await resultEvent(value, { isMain: true }));
  } catch (error) {
    tell(errorEvent(error));
  }
}

/** @param {Record<string, string | null>} variables */
function setEnv(variables) {
  for (const [name, value] of Object.entries(variables)) {
    if (value === null) delete process.env[name];
    else process.env[name] = value;
  }
}

/** @param {{ code: string, env: Record<string, string>, lasting: Record<string, string | null> }} cell */
async function run({ code, env, lasting }) {
  setEnv(lasting);
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name] ?? null]));
  setEnv(env);
  await runCell(code);
  setEnv(before);
  tell({ type: 'end' });
}

/** What cells find, beside what Node has. */
function furnish() {
  const [stdout, stderr] = [outputOf(1), outputOf(2)];
  Object.defineProperties(process, {
    stdout: { value: stdout, configurable: true },
    stderr: { value: stderr, configurable: true },
  });
  const display = async (/** @type {unknown} */ value) => tell(await resultEvent(value, { isMain: false }));
  const require = nodeModule.createRequire(join(process.cwd(), 'cell.js'));
  Object.assign(globalThis, { console: new Console({ stdout, stderr }), display, require });
  Object.defineProperty(globalThis, importName, { value: importFromHere });
  process.argv = process.argv.slice(0, 1);
  process.on('SIGINT', () => evaluator.interrupt());
  // Of what goes on after its cell: it is no reason to end.
  process.on('uncaughtException', (error) => console.error(error));
  process.on('unhandledRejection', (error) => console.error(error));
}

async function main() {
  if (language === 'typescript' && typeof nodeModule.stripTypeScriptTypes !== 'function') {
    tell({
      type: 'refused',
      reason: `typescript needs Node 22.13, and here is ${process.version}: use javascript`,
    });
    return;
  }
  furnish();
  await evaluator.open();
  tell({ type: 'ready' });
  const input = new Socket({ fd: requests, readable: true, writable: false });
  for await (const line of createInterface({ input })) await run(JSON.parse(line));
  process.exit();
}

void main();
