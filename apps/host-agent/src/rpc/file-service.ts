import type { ServiceImpl } from '@connectrpc/connect';
import { parseId } from '@wrenn/core';
import type { HostAgentService } from '@wrenn/protocol/hostagent';
import type { CapsuleContext } from '../capsules/capsules.ts';
import {
  listDirectory,
  makeDirectory,
  movePath,
  removePath,
  statPath,
  watchDirectory,
} from '../guest-files/paths.ts';

/** Calls that this part answers. */
type FileCalls = 'listDir' | 'makeDir' | 'removePath' | 'statPath' | 'movePath' | 'watchDir';

/** The calls on paths in capsules. */
export function fileService(
  context: CapsuleContext,
  stopping: AbortSignal,
): Pick<ServiceImpl<typeof HostAgentService>, FileCalls> {
  const until = (call: { readonly signal: AbortSignal }) => AbortSignal.any([call.signal, stopping]);
  const capsuleOf = ({ sandboxId }: { readonly sandboxId: string }) =>
    parseId('capsule', sandboxId, 'sandbox_id');
  return {
    async listDir(request, call) {
      return { entries: await listDirectory(context, capsuleOf(request), request, until(call)) };
    },
    async makeDir(request, call) {
      return { entry: await makeDirectory(context, capsuleOf(request), request, until(call)) };
    },
    async removePath(request, call) {
      await removePath(context, capsuleOf(request), request, until(call));
      return {};
    },
    async statPath(request, call) {
      return { entry: await statPath(context, capsuleOf(request), request, until(call)) };
    },
    async movePath(request, call) {
      return { entry: await movePath(context, capsuleOf(request), request, until(call)) };
    },
    async *watchDir(request, call) {
      yield* watchDirectory(context, capsuleOf(request), request, until(call));
    },
  };
}
