import { WrennError } from '@wrenn/core';
import type { ImageSet } from '../images/image-set.ts';
import { findImages } from '../images/images.ts';
import { probeKvm } from '../setup/probe-kvm.ts';
import { type Check, type CheckContext, fail, ok, warn } from './check.ts';

export const imagesCheck: Check = {
  id: 'images',
  async examine(context) {
    const images = await imagesOf(context);
    if (images instanceof WrennError) return fail(images.message, images.remedy ?? 'run npm start');
    const names = Object.keys(images.rootfs).join(', ');
    return ok(`kernel ${images.kernel.version}, envd ${images.runtime.envdVersion}, templates: ${names}`);
  },
};

export const kvmCheck: Check = {
  id: 'kvm',
  async examine(context) {
    const images = await imagesOf(context);
    if (images instanceof WrennError) {
      return warn('not known before there is a kernel to try it with', 'run npm start, then this again');
    }
    try {
      if (await probeKvm({ images, ...context })) return ok('an ordinary guest runs with KVM');
    } catch (thrown) {
      if (!(thrown instanceof WrennError) || thrown.code !== 'missing_prerequisite') throw thrown;
      return warn(thrown.message, thrown.remedy ?? 'run npm start');
    }
    return warn(
      'this machine runs no ordinary guest with KVM: capsules are emulated, which is slow and no isolation boundary',
      'use a machine with hardware virtualisation, or turn on nested virtualisation where this machine runs',
    );
  },
};

/** What is there, or the error that says what is missing. */
async function imagesOf({ cacheDirectory, signal }: CheckContext): Promise<ImageSet | WrennError> {
  try {
    return await findImages({ cacheDirectory, signal, report: () => undefined });
  } catch (thrown) {
    if (thrown instanceof WrennError && thrown.code === 'missing_prerequisite') return thrown;
    throw thrown;
  }
}
