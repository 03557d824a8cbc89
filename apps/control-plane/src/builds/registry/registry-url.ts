import { dockerHub } from './reference.ts';

/** Where a registry is spoken to: with TLS, unless its operator has it among the insecure ones. */
export function registryUrl(registry: string, insecureRegistries: readonly string[]): URL {
  const scheme = insecureRegistries.includes(registry) ? 'http' : 'https';
  // Docker Hub is known by a name at which it is not.
  return new URL(`${scheme}://${registry === dockerHub ? 'registry-1.docker.io' : registry}`);
}
