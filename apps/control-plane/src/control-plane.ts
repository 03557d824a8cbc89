import { abortable, Cleanup, deadline, describeError } from '@wrenn/core';
import type { Logger, RunningService } from '@wrenn/service';
import { Recorder } from './audit/recorder.ts';
import { BuildWorker } from './builds/build-worker.ts';
import { sendDeliveries } from './channels/send-deliveries.ts';
import { channelGuard } from './channels/send-guarded.ts';
import { scheduleChores } from './chores/chores.ts';
import type { ControlPlaneConfig } from './config.ts';
import { openDatabase } from './db/database.ts';
import { migrate } from './db/migrator.ts';
import type { Extension } from './extension.ts';
import { AgentPool } from './hosts/agent-pool.ts';
import { type AgentCredentials, readCredentials } from './hosts/credentials.ts';
import { HostMonitor } from './hosts/monitor.ts';
import { buildApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import { InFlight } from './in-flight.ts';
import { JobMonitor } from './jobs/monitor.ts';
import { recoveries } from './jobs/recoveries.ts';
import { RateLimits } from './limits/rate-limits.ts';
import { LiveHub } from './live/hub.ts';
import { LiveListener } from './live/listener.ts';
import { openPost } from './mail/post.ts';
import { QueuedMailer } from './mail/queued-mailer.ts';
import { sendMails } from './mail/send-mails.ts';
import { Queues } from './queues/queues.ts';
import { ensureSecrets, type Secrets } from './secrets/secrets.ts';
import type { ServerContext } from './server-context.ts';
import { SessionProcess } from './sockets/session-process.ts';
import { socketRoutes } from './sockets/socket-routes.ts';
import { Sockets } from './sockets/sockets.ts';
import { version } from './version.ts';
import { runWorkers } from './workers.ts';

export interface ControlPlaneOptions {
  readonly config: ControlPlaneConfig;
  readonly log: Logger;
  readonly extensions?: readonly Extension[];
  /** Where terminals and streams are served: `apart` is a process of their own, which reads the environment itself. */
  readonly sessions?: 'apart' | 'here';
}

export interface ControlPlane extends RunningService {
  /** `http://address:port` */
  readonly url: string;
  readonly context: ServerContext;
}

/** How long requests that are under way may take once the server is told to stop. */
const finishMs = 30_000;

/** Migrates, serves, and works in the background until `stop`. */
export async function startControlPlane({
  config,
  log,
  extensions = [],
  sessions = 'here',
}: ControlPlaneOptions): Promise<ControlPlane> {
  const cleanup = new Cleanup();
  try {
    const context = createContext(config, log, await readIdentity(config.directory));
    await cleanup.add('the database', () => context.database.destroy());
    await cleanup.add('the agents', () => context.agents[Symbol.dispose]());
    await migrate(context.database, config.databaseUrl);
    const post = openPost(config, log);
    await cleanup.add('the post', () => post.close());
    await cleanup.add('the queues', () => context.queues.stop());
    await context.queues.start();
    await sendMails(context.queues, context.secrets.sealing, post, log);
    await sendDeliveries(context, channelGuard(config));
    await scheduleChores(context);

    const stopping = new AbortController();
    const workers = [
      context.hostMonitor,
      new JobMonitor(context, recoveries),
      new BuildWorker(context),
      new LiveListener(config.databaseUrl, context.live, log),
      ...extensions.flatMap((extension) => extension.workers?.(context) ?? []),
    ];
    const working = runWorkers(workers, log, stopping.signal);
    await cleanup.add('the workers', async () => {
      stopping.abort();
      await working;
    });

    const sockets = new Sockets(context, socketRoutes);
    const upgrades =
      sessions === 'here' ? sockets : new SessionProcess((request) => sockets.isSocket(request), log);
    await cleanup.add('the sessions', () => upgrades.close());
    const app = await buildApp(context, extensions, upgrades);
    await cleanup.add('the operations', () => finish('operations', context.operations.idle(), log));
    await cleanup.add('the server', async () => {
      await finish('requests', app.close(), log);
      app.server.closeAllConnections();
    });
    const url = await listen(app, config.listenAddress);
    return { url, context, facts: { address: url, version }, stop: () => cleanup.release() };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

/** What a control plane proves itself with. */
export interface Identity {
  readonly credentials: AgentCredentials;
  readonly secrets: Secrets;
}

export async function readIdentity(directory: string): Promise<Identity> {
  return { credentials: await readCredentials(directory), secrets: await ensureSecrets(directory) };
}

/** Opens no connection yet. */
export function createContext(
  config: ControlPlaneConfig,
  log: Logger,
  { credentials, secrets }: Identity,
): ServerContext {
  const database = openDatabase(config.databaseUrl, (fault) => {
    log.warn({ cause: describeError(fault) }, 'an idle database connection broke');
  });
  const agents = new AgentPool(credentials);
  const queues = new Queues(config.databaseUrl, log);
  const recorder = new Recorder(secrets.audit, queues);
  const hostMonitor = new HostMonitor({ database, recorder, agents, log });
  return {
    version,
    config,
    secrets,
    log,
    database,
    queues,
    recorder,
    mailer: new QueuedMailer(queues, secrets.sealing),
    live: new LiveHub({ database, log }),
    limits: new RateLimits(database),
    agents,
    hostMonitor,
    operations: new InFlight(),
  };
}

/** Waits for what is under way; what takes too long is left, and said. */
async function finish(what: string, ending: PromiseLike<unknown>, log: Logger): Promise<void> {
  using limit = deadline(finishMs, `finishing ${what}`);
  await abortable(Promise.resolve(ending), limit).catch((thrown: unknown) => {
    log.warn({ cause: describeError(thrown) }, `stopping without waiting for ${what} any longer`);
  });
}
