import { z } from 'zod';
import { hashInputs, readTree } from './content-hash.ts';
import type { EnvdSource } from './envd-source.ts';
import type { Build } from './store.ts';

const facts = z.object({
  version: z.string(),
  files: z.array(z.string()),
  /** Of the bundle's bytes: sources may change without changing it. */
  hash: z.string(),
});
export type EnvdFacts = z.output<typeof facts>;

/** envd's bundle, made anew when its sources change and kept apart from the drive that holds it. */
export async function envdBuild(source: EnvdSource): Promise<Build<EnvdFacts>> {
  return {
    name: 'envd',
    hash: await source.fingerprint(),
    facts,
    async make({ directory, note }) {
      note('bundling envd');
      const { files, version } = await source.bundle(directory);
      return { version, files, hash: hashInputs(await readTree(directory, (path) => files.includes(path))) };
    },
  };
}
