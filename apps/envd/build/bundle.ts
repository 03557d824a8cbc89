import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { version } from '../src/version.ts';

const source = fileURLToPath(new URL('..', import.meta.url));
const bundleName = 'envd.cjs';
const nativeName = 'koffi.node';

export interface EnvdBundle {
  readonly files: string[];
  readonly version: string;
}

/**
 * Writes the daemon as one file, with the native part of koffi beside it, into `outDirectory` (made when missing).
 * `files` are the names in it: all of them must end up in one folder. The same sources give the same bytes.
 *
 * It needs Node 24 on x86-64 glibc, started as images/runtime/init does, and nothing else around it.
 */
export async function bundleEnvd(outDirectory: string): Promise<EnvdBundle> {
  await mkdir(outDirectory, { recursive: true });
  await build({
    absWorkingDir: source,
    entryPoints: ['src/main.ts'],
    outfile: join(outDirectory, bundleName),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [koffiBesideTheBundle],
  });
  await copyFile(nativeKoffi(), join(outDirectory, nativeName));
  await chmod(join(outDirectory, nativeName), 0o644);
  return { files: [bundleName, nativeName], version };
}

/**
 * Replaces koffi's own loader, which looks for its native file in `node_modules` and reads the ELF header of
 * `process.execPath` to tell musl from glibc: in a capsule that is the loader, and the guess would be wrong.
 */
const koffiBesideTheBundle: Plugin = {
  name: 'koffi beside the bundle',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'koffi-native' }));
    onResolve({ filter: /\.node$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace: 'koffi-native' }, () => ({
      contents: `module.exports = require('./${nativeName}');`,
      loader: 'js',
    }));
  },
};

function nativeKoffi(): string {
  const manifest = createRequire(import.meta.url).resolve('@koromix/koffi-linux-x64/package.json');
  return join(dirname(manifest), 'linux_x64', nativeName);
}
