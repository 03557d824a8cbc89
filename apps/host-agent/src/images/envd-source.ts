import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { hashInputs, readTree } from './content-hash.ts';

/** Where envd comes from: this checkout, or a stand-in in a test. */
export interface EnvdSource {
  /** Differs whenever the bundle could differ; cheap enough for every start. */
  fingerprint(): Promise<string>;
  /** Writes `envd.cjs` and the native files it needs. */
  bundle(directory: string): Promise<EnvdBundle>;
}

const bundle = z.object({ files: z.array(z.string()), version: z.string() });
type EnvdBundle = z.output<typeof bundle>;

const workspace = resolve(import.meta.dirname, '../../../..');
/** What esbuild reads when it bundles envd. */
const sourceDirectories = [
  'apps/envd/src',
  'apps/envd/build',
  'packages/core/src',
  'packages/protocol/gen',
  'packages/sys/src',
];

export const workspaceEnvd: EnvdSource = {
  async fingerprint() {
    const lock = await readFile(join(workspace, 'package-lock.json'));
    const trees = await Promise.all(
      sourceDirectories.map(async (directory) => {
        const files = await readTree(join(workspace, directory), isProgram);
        return [directory, hashInputs(files)] as const;
      }),
    );
    return hashInputs({ lock, ...Object.fromEntries(trees) });
  },
  async bundle(directory) {
    // Envd's build tool runs here, at set-up; none of envd's own code does. It is loaded by path because no app
    // imports another, and because its bundler need not be there when the bundle is.
    const tool = pathToFileURL(join(workspace, 'apps/envd/build/bundle.ts'));
    const { bundleEnvd } = bundleTool.parse(await import(tool.href));
    return bundle.parse(await bundleEnvd(directory));
  },
};

const bundleTool = z.object({
  bundleEnvd: z.custom<(directory: string) => Promise<unknown>>((value) => typeof value === 'function'),
});

function isProgram(path: string): boolean {
  return !/\.test\.[cm]?ts$/.test(path);
}
