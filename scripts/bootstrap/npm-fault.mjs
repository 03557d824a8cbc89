import { BootstrapFault } from './fault.mjs';

const unreachable = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_SOCKET_TIMEOUT',
  'FETCH_ERROR',
];
const untrusted = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
];

/**
 * The fault behind a failed `npm ci --json`, from the error code in npm's report.
 *
 * @param {string} output what npm printed: the report, perhaps with other text before it
 * @param {NodeJS.Signals | null} signal what ended npm, if it did not end by itself
 */
export function faultOfNpm(output, signal) {
  if (signal !== null) {
    return new BootstrapFault(`npm ci was ended by ${signal}`, 'start again: the installation is done anew');
  }
  const report = reportIn(output);
  const code = report?.code ?? 'unknown';
  if (unreachable.includes(code)) {
    return new BootstrapFault(
      `the npm registry cannot be reached (${code})`,
      'check the network, the proxy and `npm config get registry`, then start again',
    );
  }
  if (untrusted.includes(code)) {
    return new BootstrapFault(
      `the npm registry's certificate is not trusted (${code})`,
      'give Node the CA of your network with NODE_EXTRA_CA_CERTS',
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new BootstrapFault(
      'no space left on the disk for the dependencies',
      'free about 1.5 GB and start again',
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new BootstrapFault(
      `npm may not write here (${code})`,
      'make the repository writable for this user',
    );
  }
  const summary = (report?.summary ?? output.trim().slice(-300)).replaceAll(/\s+/g, ' ').trim();
  return new BootstrapFault(`npm ci failed (${code}): ${summary}`, 'run `npm ci` by hand to see all of it');
}

/**
 * npm prints one JSON object at the end; install scripts may have printed before it.
 *
 * @param {string} output
 * @returns {{ code?: string, summary?: string } | undefined}
 */
function reportIn(output) {
  const start = output.indexOf('{\n  "error"');
  if (start === -1) return undefined;
  try {
    return JSON.parse(output.slice(start, output.lastIndexOf('}') + 1)).error;
  } catch {
    return undefined;
  }
}
