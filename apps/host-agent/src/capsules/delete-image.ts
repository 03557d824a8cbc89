import { describeError, type ImageId } from '@wrenn/core';
import type { CapsuleContext } from './capsules.ts';

/** From now on nobody starts from it. What capsules and snapshots need of it stays until they are gone. */
export async function deleteImage(context: CapsuleContext, id: ImageId): Promise<void> {
  await context.rootImages.delete(id);
  await collectImages(context);
}

/** Removes what deleted images leave, and what was booted from them, as far as nothing lies on it any more. */
async function collectImages(context: CapsuleContext): Promise<void> {
  await context.rootImages.collect(
    async (id) => (await context.templates.drop(id, templateKeysInUse(context))) === 0,
  );
}

/** For whoever has just let go of something. Never rejects: what is left goes with the next one, or at the next start. */
export async function collectImagesAfter(context: CapsuleContext, what: string): Promise<void> {
  try {
    await collectImages(context);
  } catch (thrown) {
    context.log.warn({ after: what, cause: describeError(thrown) }, 'removing deleted images');
  }
}

/** Booted templates that capsules and snapshots lie on. */
export function templateKeysInUse({
  capsules,
  snapshots,
}: Pick<CapsuleContext, 'capsules' | 'snapshots'>): Set<string> {
  const ofCapsules = [...capsules.values()].map(({ record }) => record.templateKey);
  return new Set([...ofCapsules, ...snapshots.templateKeys()]);
}
