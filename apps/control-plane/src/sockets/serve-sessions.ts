import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { type Logger, MetricsServer, putThisProcessFirst } from '@wrenn/service';
import { type ControlPlaneConfig, settings } from '../config.ts';
import { createContext, readIdentity } from '../control-plane.ts';
import { sessionsMetricSets } from '../metrics/metrics.ts';
import { fromAcceptor, type Handover } from './handover.ts';
import { socketRoutes } from './socket-routes.ts';
import { Sockets } from './sockets.ts';

/** The process that SessionProcess starts: serves the connections it is handed until its parent lets go of it. */
export async function serveSessions(config: ControlPlaneConfig, log: Logger): Promise<void> {
  putThisProcessFirst(log);
  const context = createContext(config, log, await readIdentity(config.directory));
  await context.queues.start();
  await using _metrics = await MetricsServer.start({
    name: 'sessions',
    version: context.version,
    address: config.sessionsMetricsAddress,
    variable: settings.sessionsMetricsAddress.variable,
    sets: sessionsMetricSets,
    log,
  });
  const sockets = new Sockets(context, socketRoutes);
  /** Those that the parent has not let go of yet. */
  const arriving = new Map<number, () => void>();
  process.on('message', (message: unknown, socket: unknown) => {
    const parsed = fromAcceptor.safeParse(message);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.type === 'go') {
      arriving.get(data.id)?.();
      arriving.delete(data.id);
      return;
    }
    // A client that went away meanwhile is handed over as nothing.
    if (!(socket instanceof Socket)) return;
    arriving.set(data.id, () => serve(sockets, data, socket));
    process.send?.({ type: 'taken', id: data.id });
  });
  const parent = Promise.withResolvers<void>();
  process.once('disconnect', () => parent.resolve());
  await parent.promise;
  await sockets.close();
  context.agents[Symbol.dispose]();
  await context.queues.stop();
  await context.database.destroy();
}

function serve(sockets: Sockets, { method, url, headers, head }: Handover, socket: Socket): void {
  const request = Object.assign(new IncomingMessage(socket), { method, url, headers });
  sockets.upgrade(request, socket, Buffer.from(head, 'base64'));
}
