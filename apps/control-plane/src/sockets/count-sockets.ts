import { timed } from '@wrenn/service';
import { sockets } from '../metrics/metrics.ts';

/** Counts one socket while it is served, and how it ended. */
export async function counted(socket: string, serve: () => Promise<void>): Promise<void> {
  sockets.open.inc({ socket });
  try {
    await timed((outcome) => sockets.ended.inc({ socket, outcome }), serve);
  } finally {
    sockets.open.dec({ socket });
  }
}
