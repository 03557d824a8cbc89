import { type Report, runStep, WrennError } from '@wrenn/core';
import { envdBuild } from './envd-build.ts';
import { type EnvdSource, workspaceEnvd } from './envd-source.ts';
import { certificatePlaces, extraCertificates } from './extra-certificates.ts';
import type { ImageSet } from './image-set.ts';
import { kernelBuild } from './kernel.ts';
import { type PartsFacts, partsBuild } from './parts.ts';
import { rootfsBuild } from './rootfs.ts';
import { runtimeBuild } from './runtime.ts';
import { type Artifact, type Build, type BuildPlace, ImageStore } from './store.ts';

export interface ImageOptions {
  /** Must be reachable for every user: VMMs run as users of their own. */
  readonly cacheDirectory: string;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** This checkout's, unless a test says otherwise. */
  readonly envd?: EnvdSource;
}

/** Root file systems that are built, by the folder of their recipe. */
const rootfsNames = ['minimal'];

/** How an image is come by: made where it is missing, or only looked up. */
type Obtain = <Facts>(step: string, build: Build<Facts>) => Promise<Artifact<Facts>>;

/**
 * The images that the recipes of this checkout describe; what is missing is made, with progress. Needs root and the
 * packages of set-up where something has to be made. Two callers may do this at the same time.
 */
export async function ensureImages(options: ImageOptions): Promise<ImageSet> {
  const { report, signal } = options;
  const store = new ImageStore(options.cacheDirectory);
  await store.open(signal);
  return await collect(store, options, (step, build) =>
    runStep(report, step, async (note) => {
      const { artifact, cached } = await store.ensure(build, { note, signal });
      return { value: artifact, cached };
    }),
  );
}

/** The same without making anything: `missing_prerequisite` naming the first image that is not there. */
export async function findImages(options: ImageOptions): Promise<ImageSet> {
  const store = new ImageStore(options.cacheDirectory);
  const find: Obtain = async (step, build) => {
    const found = await store.find(build);
    if (found !== undefined) return found;
    throw new WrennError('missing_prerequisite', `the ${step} is not built: ${store.path(build)}`, {
      remedy: 'run npm start, which builds what is missing',
    });
  };
  return await runStep(options.report, 'guest images', async () => ({
    value: await collect(store, options, find),
    cached: true,
  }));
}

async function collect(store: ImageStore, options: ImageOptions, obtain: Obtain): Promise<ImageSet> {
  const parts = await partsBuild();
  const getParts = (place: BuildPlace): Promise<Artifact<PartsFacts>> =>
    store.ensure(parts, place).then(({ artifact }) => artifact);

  const kernel = await obtain('guest kernel', await kernelBuild(parts, getParts));
  const envd = await obtain('guest daemon', await envdBuild(options.envd ?? workspaceEnvd));
  const runtime = await obtain('guest runtime drive', await runtimeBuild(parts, envd, getParts));
  const certificates = await extraCertificates(certificatePlaces(process.env));
  const rootfs: ImageSet['rootfs'] = Object.fromEntries(
    await Promise.all(
      rootfsNames.map(async (name) => {
        const { directory, facts } = await obtain(
          `root file system ${name}`,
          await rootfsBuild(name, certificates),
        );
        return [name, { path: `${directory}/rootfs.ext4`, ...facts }] as const;
      }),
    ),
  );
  return {
    kernel: {
      ...kernel.facts,
      vmlinuz: `${kernel.directory}/vmlinuz`,
      vmlinux: `${kernel.directory}/vmlinux`,
      initrd: `${kernel.directory}/initrd`,
    },
    runtime: { ...runtime.facts, path: `${runtime.directory}/runtime.ext4` },
    rootfs,
  };
}
