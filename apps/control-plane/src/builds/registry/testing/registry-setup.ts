import { Secret } from '@wrenn/core';
import { TestRegistry } from '@wrenn/testkit/registry';
import { onTestFinished } from 'vitest';
import { AddressGuard } from '../../../outgoing/address-guard.ts';
import type { RegistryCredentials } from '../credentials.ts';
import { parseReference } from '../reference.ts';
import { RegistryClient, type RegistryClientOptions, type ResolvedImage } from '../registry-client.ts';

/** Never aborted. */
export const always = new AbortController().signal;
const local = new AddressGuard(['127.0.0.1'], 'PRIVATE_REGISTRIES');

/** Somebody with a password, as the registry knows her and as she shows it. */
const text = { username: 'olga', password: 'p:ss' };
export const olga = { text, credentials: passwordOf(text.username, text.password) };

export function passwordOf(username: string, password: string): RegistryCredentials {
  return { kind: 'password', username, password: new Secret(password) };
}

/** A registry that ends with the test. */
export async function startRegistry(): Promise<TestRegistry> {
  const registry = await TestRegistry.start();
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return registry;
}

/** A client that may speak to the registry without TLS, and does not pause between attempts. */
export function clientOf(
  { host }: TestRegistry,
  { limits, ...options }: Partial<RegistryClientOptions> = {},
): RegistryClient {
  return new RegistryClient({
    ...{ guard: local, insecureRegistries: [host] },
    ...options,
    limits: { pauseMs: 0, ...limits },
  });
}

export function resolveIn(
  client: RegistryClient,
  name: string,
  credentials?: RegistryCredentials,
): Promise<ResolvedImage> {
  return client.resolve(parseReference(name), credentials, always);
}
