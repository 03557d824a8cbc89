import type { ServiceImpl } from '@connectrpc/connect';
import { parseId } from '@wrenn/core';
import type { HostAgentService } from '@wrenn/protocol/hostagent';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { deleteImage } from '../capsules/delete-image.ts';
import { makeImage } from '../capsules/make-image.ts';
import type { RootImage } from '../root-images/root-image.ts';

type ImageCalls = 'makeImage' | 'deleteImage' | 'listImages';

/** The calls about root file systems that are made of capsules. None ends with the call. */
export function imageService(
  context: CapsuleContext,
  stopping: AbortSignal,
): Pick<ServiceImpl<typeof HostAgentService>, ImageCalls> {
  return {
    async makeImage({ sandboxId, imageId }) {
      const { image, steps, stillMs } = await makeImage(
        context,
        parseId('capsule', sandboxId, 'sandbox_id'),
        parseId('image', imageId, 'image_id'),
        stopping,
      );
      return { image: imageInfo(image), steps: [...steps], stillMs };
    },

    async deleteImage({ imageId }) {
      await deleteImage(context, parseId('image', imageId, 'image_id'));
      return {};
    },

    listImages() {
      return { images: context.rootImages.listed().map(imageInfo) };
    },
  };
}

function imageInfo({ id, hash, manifest }: RootImage) {
  return {
    imageId: id,
    sha256: hash,
    sizeBytes: BigInt(manifest.sizeBytes),
    createdAtUnix: BigInt(Math.floor(manifest.createdAtMs / 1000)),
  };
}
