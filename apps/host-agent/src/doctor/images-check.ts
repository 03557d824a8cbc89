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
    switch (await kvmOf(context)) {
      case 'usable':
        return ok('an ordinary guest runs with KVM');
      case 'unknown':
        return warn(
          'not known before images and QEMU are there to try it with',
          'run npm start, then this again',
        );
      case 'unusable':
        return warn(
          'this machine runs no ordinary guest with KVM: capsules are emulated, which is slow and no isolation boundary',
          'use a machine with hardware virtualisation, or turn on nested virtualisation where this machine runs',
        );
    }
  },
};

type Kvm = 'usable' | 'unusable' | 'unknown';
const answers = new WeakMap<CheckContext, Promise<Kvm>>();

/** Whether KVM runs guests here. One guest is started for all the checks of an examination that ask. */
export function kvmOf(context: CheckContext): Promise<Kvm> {
  const known = answers.get(context);
  if (known !== undefined) return known;
  const asked = askKvm(context);
  answers.set(context, asked);
  return asked;
}

async function askKvm(context: CheckContext): Promise<Kvm> {
  const images = await imagesOf(context);
  if (images instanceof WrennError) return 'unknown';
  try {
    return (await probeKvm({ images, ...context })) ? 'usable' : 'unusable';
  } catch (thrown) {
    if (thrown instanceof WrennError && thrown.code === 'missing_prerequisite') return 'unknown';
    throw thrown;
  }
}

/** What is there, or the error that says what is missing. */
async function imagesOf({ cacheDirectory, signal }: CheckContext): Promise<ImageSet | WrennError> {
  try {
    return await findImages({ cacheDirectory, signal, report: () => undefined });
  } catch (thrown) {
    if (thrown instanceof WrennError && thrown.code === 'missing_prerequisite') return thrown;
    throw thrown;
  }
}
