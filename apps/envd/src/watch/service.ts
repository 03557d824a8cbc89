import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import type {
  CreateWatcherRequest,
  Filesystem,
  WatchDirRequest,
  WatchDirResponseSchema,
} from '@wrenn/protocol/filesystem';
import { resolveUserPath } from '../filesystem/user-path.ts';
import { type Daemon, requireServing } from '../guest/daemon.ts';
import { clientGone } from '../rpc/client-gone.ts';
import { keepAliveMsOf } from '../rpc/keep-alive.ts';
import { streaming, unary } from '../rpc/rpc-error.ts';
import { usernameOf } from '../users/authorization.ts';
import type { EventQueue } from './event-queue.ts';
import { PolledWatches } from './polled-watches.ts';
import { type WatchEvent, WatchHub, type WatchOrder } from './watch-hub.ts';

/** The watchers of `filesystem.Filesystem`. */
export function watchService(daemon: Daemon): Partial<ServiceImpl<typeof Filesystem>> {
  const hub = new WatchHub(daemon.accounts);
  const polled = new PolledWatches(hub);
  return {
    watchDir: streaming(async function* (request, context) {
      const order = orderOf(daemon, request, context);
      const ended = AbortSignal.any([context.signal, context.values.get(clientGone)]);
      using watch = await hub.watch(order);
      const stop = () => watch[Symbol.dispose]();
      ended.addEventListener('abort', stop, { once: true });
      if (ended.aborted) stop();
      yield* streamOf(watch.events, keepAliveMsOf(context));
      // Its time was over, or nobody is there to be told.
      ended.throwIfAborted();
    }),

    createWatcher: unary(async (request, context) => ({
      watcherId: await polled.create(orderOf(daemon, request, context)),
    })),

    getWatcherEvents: unary(({ watcherId }) => ({ events: polled.events(watcherId) })),

    removeWatcher: unary(({ watcherId }) => {
      polled.remove(watcherId);
      return {};
    }),
  };
}

async function* streamOf(
  events: EventQueue<WatchEvent>,
  keepAliveMs: number,
): AsyncGenerator<MessageInitShape<typeof WatchDirResponseSchema>> {
  yield { event: { case: 'start', value: {} } };
  while (!events.isClosed) {
    const isReadable = await events.readableWithin(keepAliveMs);
    if (!isReadable) yield { event: { case: 'keepalive', value: {} } };
    const [event] = events.take(1);
    if (event !== undefined) yield { event: { case: 'filesystem', value: event } };
    const fault = event === undefined ? events.takeFault() : undefined;
    if (fault !== undefined) throw fault;
  }
}

function orderOf(
  daemon: Daemon,
  request: WatchDirRequest | CreateWatcherRequest,
  { requestHeader }: HandlerContext,
): WatchOrder {
  requireServing(daemon);
  const { defaultUser, defaultWorkdir } = daemon.settings;
  const account = daemon.accounts.find(usernameOf(requestHeader.get('authorization')) ?? defaultUser);
  return {
    path: resolveUserPath(request.path, account, defaultWorkdir),
    account,
    depth: request.recursive ? 'all' : 'one',
    networkMount: request.allowNetworkMounts ? 'allow' : 'refuse',
    entries: request.includeEntry ? 'included' : 'left out',
  };
}
