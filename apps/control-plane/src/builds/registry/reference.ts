import { WrennError } from '@wrenn/core';

/** SHA-256, as registries write it: `sha256:` and 64 digits. */
export type Digest = `sha256:${string}`;

/** The name of an image, complete: what its short form leaves out is filled in as Docker does. */
export interface ImageReference {
  /** A host, with a port where one is given; `docker.io` for Docker Hub. In lower case. */
  readonly registry: string;
  readonly repository: string;
  /** `latest` where neither a tag nor a digest is given. */
  readonly tag?: string;
  /** Where there is one, it decides, and the tag is only for people. */
  readonly digest?: Digest;
}

export const dockerHub = 'docker.io';
const longestReference = 1024;
/** Of registry and repository together, by Docker's rules. */
const longestName = 255;
const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const registryPattern = new RegExp(
  `^(?:${label}(?:\\.${label})*|\\[[0-9a-f:.]{2,45}\\])(?::(?<port>[0-9]{1,5}))?$`,
);
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Reads the name of an image by Docker's rules; `field` is the field of the request it came in. */
export function parseReference(text: string, field = 'image'): ImageReference {
  const refuse = (
    why: string,
    remedy = 'write it as in "debian", "node:22-slim" or "ghcr.io/owner/name:tag"',
  ) => new WrennError('invalid_request', `the name of an image: ${why}`, { field, remedy });
  if (text === '') throw refuse('it is empty');
  if (text.length > longestReference) throw refuse(`it is longer than ${longestReference} characters`);

  const [beforeDigest, digest] = cut(text, text.indexOf('@'));
  if (digest !== undefined && !isDigest(digest)) {
    throw refuse('its digest is none', 'a digest is "sha256:" and 64 digits from 0 to f');
  }
  // A colon before the last slash is that of a port.
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const [name, tag] = cut(beforeDigest, colon);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw refuse('its tag is none', 'a tag is at most 128 letters, digits, "_", "." and "-"');
  }

  const { registry, repository } = complete(name);
  const port = registryPattern.exec(registry)?.groups?.['port'];
  const isHost = registryPattern.test(registry) && URL.canParse(`https://${registry}`);
  if (!isHost || port === '0') throw refuse('its registry is no host');
  if (!repository.split('/').every((part) => repositoryPattern.test(part))) {
    throw refuse('its repository has other characters than lower case letters, digits and single separators');
  }
  if (registry.length + 1 + repository.length > longestName) {
    throw refuse(`without its tag it is longer than ${longestName} characters`);
  }
  if (digest !== undefined) return { registry, repository, ...(tag === undefined ? {} : { tag }), digest };
  return { registry, repository, tag: tag ?? 'latest' };
}

/** The whole name: one that `parseReference` reads as the same image. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

/** What is before and after the character at `index`; nothing after it where that is -1. */
function cut(text: string, index: number): readonly [string, string | undefined] {
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

/** The first part is a registry where it looks like a host; else it belongs to a name on Docker Hub. */
function complete(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isRegistry = /[.:]/.test(first) || first === 'localhost';
  const host = isRegistry ? first.toLowerCase() : dockerHub;
  const rest = isRegistry ? name.slice(slash + 1) : name;
  const registry = host === 'index.docker.io' || host === 'registry-1.docker.io' ? dockerHub : host;
  const isOfficial = registry === dockerHub && !rest.includes('/');
  return { registry, repository: isOfficial ? `library/${rest}` : rest };
}
