import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

/**
 * Makes the certificates of an installation in a folder, named as Wrenn names them, by another program than Wrenn's: an
 * authority, a host at 127.0.0.1, and those who may call its relay.
 */
export function makeTestPki(folder: string, hostId: string): void {
  mkdirSync(folder, { recursive: true });
  make(folder, 'ca', ['-subj', '/CN=test authority']);
  const local = ['-addext', 'subjectAltName=IP:127.0.0.1'];
  leaf(folder, 'host', ['-subj', `/CN=${hostId}`, '-addext', 'extendedKeyUsage=serverAuth', ...local]);
  for (const [name, subject] of [
    ['edge', 'wrenn-edge'],
    ['cp', 'wrenn-cp'],
    ['stranger', 'stranger'],
  ] as const)
    leaf(folder, name, ['-subj', `/CN=${subject}`, '-addext', 'extendedKeyUsage=clientAuth']);
}

function leaf(folder: string, name: string, more: readonly string[]): void {
  const authority = ['-CA', join(folder, 'ca.crt'), '-CAkey', join(folder, 'ca.key')];
  make(folder, name, [...authority, '-addext', 'basicConstraints=critical,CA:FALSE', ...more]);
}

function make(folder: string, name: string, more: readonly string[]): void {
  const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
  execFileSync('openssl', ['req', '-x509', ...newKey, ...files, ...more], { stdio: 'pipe' });
}
