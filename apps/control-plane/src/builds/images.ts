import { Secret } from '@wrenn/core';
import { z } from 'zod';
import { AddressGuard } from '../outgoing/address-guard.ts';
import { unseal } from '../secrets/seal.ts';
import type { ServerContext } from '../server-context.ts';
import type { Build } from './build.ts';
import type { RegistryCredentials } from './registry/credentials.ts';
import { parseReference } from './registry/reference.ts';
import { RegistryClient } from './registry/registry-client.ts';
import type { ImportedImage } from './stages/stage-end.ts';

/** What a registry wants to know, by its host; as it is sealed in the row. */
const sealedCredentials = z.record(
  z.string(),
  z.union([
    z.object({ username: z.string(), password: z.string() }),
    z.object({ identity_token: z.string() }),
  ]),
);

/** Looks up the images of one build. Of an image that is named twice, both are what it was at the first look. */
export function imagesFor(
  { config, secrets }: Pick<ServerContext, 'config' | 'secrets'>,
  _build: Build,
  sealed: Buffer | undefined,
): (reference: string, signal: AbortSignal) => Promise<ImportedImage> {
  const known = sealed === undefined ? {} : sealedCredentials.parse(unseal(secrets.sealing, 'build', sealed));
  const client = new RegistryClient({
    guard: new AddressGuard(config.registryTargets, 'WRENN_REGISTRY_PRIVATE_TARGETS'),
    insecureRegistries: config.insecureRegistries,
  });
  const found = new Map<string, Promise<ImportedImage>>();
  const look = async (text: string, signal: AbortSignal): Promise<ImportedImage> => {
    const reference = parseReference(text, 'recipe');
    const image = await client.resolve(reference, credentialsFrom(known[reference.registry]), signal);
    return { reference: text, image, open: (layer, wanted) => client.openLayer(image, layer, wanted) };
  };
  return (text, signal) => {
    const image = found.get(text) ?? look(text, signal);
    found.set(text, image);
    image.catch(() => found.delete(text));
    return image;
  };
}

function credentialsFrom(
  stored: z.output<typeof sealedCredentials>[string] | undefined,
): RegistryCredentials | undefined {
  if (stored === undefined) return undefined;
  if ('identity_token' in stored) return { kind: 'identity_token', token: new Secret(stored.identity_token) };
  return { kind: 'password', username: stored.username, password: new Secret(stored.password) };
}
