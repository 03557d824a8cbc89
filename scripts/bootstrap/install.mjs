import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BootstrapFault } from './fault.mjs';
import { isInstalled, lockHash } from './lock-state.mjs';
import { faultOfNpm } from './npm-fault.mjs';

/** A registry that answers slowly is waited for; one that hangs is not. */
const installLimitMs = 15 * 60_000;
/** npm prints megabytes of warnings at worst; the end says what went wrong. */
const keptOutputBytes = 256 * 1024;

/** Three more tries, 20 s in all, for a registry that cannot be reached; npm's own default is over a minute. */
const retries = ['--fetch-retries=3', '--fetch-retry-factor=3', '--fetch-retry-mintimeout=1500'];
const npmOptions = ['--json', '--no-audit', '--no-fund', '--loglevel=silent', '--progress=false', ...retries];

/**
 * Makes node_modules what package-lock.json says.
 *
 * The stamp goes before npm starts and is written when npm has ended well, and npm's own record goes with it: an
 * installation that was cut off at any point is done again.
 *
 * @param {URL} root the repository
 */
export async function ensureDependencies(root) {
  const path = (/** @type {string} */ name) => fileURLToPath(new URL(name, root));
  const stampFile = path('node_modules/.wrenn-lock-hash');
  const npmRecord = path('node_modules/.package-lock.json');
  const lock = await readFile(path('package-lock.json'));
  const hash = lockHash(lock, process.arch);
  if ((await textOf(stampFile)) === hash) return;

  const installed = parsed(await textOf(npmRecord));
  if (!isInstalled(parsed(lock.toString('utf8')), installed)) {
    await rm(stampFile, { force: true });
    await rm(npmRecord, { force: true });
    await npmCi(fileURLToPath(root));
  }
  await writeFile(stampFile, hash);
}

/** @param {string} directory */
async function npmCi(directory) {
  const began = Date.now();
  const seconds = () => ((Date.now() - began) / 1000).toFixed(1);
  console.error('Installing dependencies with npm ci (under a minute as a rule) …');
  const ticker = process.stderr.isTTY
    ? setInterval(() => process.stderr.write(`\r  ${seconds()} s`), 1000)
    : undefined;
  try {
    await runNpm(directory);
  } finally {
    clearInterval(ticker);
    if (ticker !== undefined) process.stderr.write('\r\x1b[K');
  }
  console.error(`Dependencies installed in ${seconds()} s.`);
}

/** @param {string} directory */
async function runNpm(directory) {
  const child = spawn('npm', ['ci', ...npmOptions], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: pathWithoutOurs(process.env['PATH'] ?? '', directory) },
    timeout: installLimitMs,
  });
  let output = '';
  const keep = (/** @type {Buffer} */ chunk) => {
    output = (output + chunk.toString('utf8')).slice(-keptOutputBytes);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  /** @type {{ code: number | null, signal: NodeJS.Signals | null }} */
  const end = await new Promise((resolve, reject) => {
    child.once('error', (cause) =>
      reject(
        'code' in cause && cause.code === 'ENOENT'
          ? new BootstrapFault(
              'npm is not installed',
              'install npm 10 or later (Debian: apt-get install npm)',
            )
          : cause,
      ),
    );
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  if (end.code !== 0) throw faultOfNpm(output, end.signal);
}

/**
 * npm deletes node_modules while it works, and with it the Node that our own `.bin` would give it.
 *
 * @param {string} searchPath
 * @param {string} directory
 */
function pathWithoutOurs(searchPath, directory) {
  const ours = join(directory, 'node_modules/.bin');
  return searchPath
    .split(delimiter)
    .filter((part) => part !== ours)
    .join(delimiter);
}

/** @param {string} file */
async function textOf(file) {
  try {
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (
      thrown instanceof Error &&
      'code' in thrown &&
      (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
    ) {
      return undefined;
    }
    throw thrown;
  }
}

/**
 * @param {string | undefined} json
 * @returns {unknown}
 */
function parsed(json) {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    // npm's record was cut off while it was written: as good as none.
    return undefined;
  }
}
