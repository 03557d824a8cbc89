import { imageRefused } from './faults.ts';
import { quote } from './quote.ts';
import type { Index } from './schemas.ts';

/** What an image runs on, in the words of Go. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

type Entry = Index['manifests'][number];
const mostListed = 12;

/** The manifest for the platform; of several the one that asks least of the processor. */
export function chooseManifest(image: string, { manifests }: Index, wanted: Platform): Entry {
  const fitting = manifests.filter(
    ({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture,
  );
  const [chosen] = fitting.toSorted((a, b) => variantOf(a).localeCompare(variantOf(b), 'en'));
  if (chosen !== undefined) return chosen;
  const others = manifests.flatMap(({ platform }) => (platform == null ? [] : [platform]));
  throw notForPlatform(image, wanted, others);
}

/** Throws for an image that says of itself that it is for another platform. */
export function requirePlatform(
  image: string,
  {
    os,
    architecture,
  }: { readonly os?: string | null | undefined; readonly architecture?: string | null | undefined },
  wanted: Platform,
): void {
  const own = { os: os || wanted.os, architecture: architecture || wanted.architecture };
  if (own.os !== wanted.os || own.architecture !== wanted.architecture) {
    throw notForPlatform(image, wanted, [own]);
  }
}

function variantOf({ platform }: Entry): string {
  return platform?.variant ?? '';
}

function notForPlatform(image: string, wanted: Platform, others: readonly Platform[]) {
  // Documents that go with an image, as on where it comes from, are listed as of an unknown platform.
  const names = others
    .filter(({ os }) => os !== 'unknown')
    .map((other) => `${other.os}/${other.architecture}`);
  const unique = [...new Set(names)];
  const listed = unique.slice(0, mostListed).map(quote).join(', ');
  const rest = unique.length > mostListed ? ` and ${unique.length - mostListed} more` : '';
  const there = unique.length === 0 ? 'for none' : `for ${listed}${rest}`;
  return imageRefused(image, `it is not for ${wanted.os}/${wanted.architecture}, but ${there}`, {
    remedy: `use an image that is made for ${wanted.os}/${wanted.architecture}`,
  });
}
