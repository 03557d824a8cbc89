// The page server of one machine; its argument is the file of its job, see job.ts. It is a process of its own, so that it
// may block, and so that its end is the end of one capsule at the most. Ends with 0 when the VMM has ended. Where it
// cannot go on it kills the VMM, which would wait for ever, and says why in one line of JSON on standard error.
// It imports little: what it takes of memory and of the time to start it takes once for each capsule.
import { closeSync, readFileSync, renameSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import {
  acceptUnix,
  forgetCodePages,
  listenUnix,
  openProcess,
  peerCredentials,
  pollDescriptors,
  signalProcess,
} from '@wrenn/sys';
import { GuestPages } from './guest-pages.ts';
import { receiveHandover } from './handover.ts';
import { HandoverFault } from './handover-fault.ts';
import type { PageServerJob } from './job.ts';
import { PageServer } from './page-server.ts';
import { PageSource } from './page-source.ts';
import { readWorkingSet, WorkingSet, writeWorkingSet } from './working-set.ts';

/** A VMM that was started connects when it is told to load the snapshot. */
const connectionMs = 60_000;

function run(jobFile: string): void {
  const job = JSON.parse(readFileSync(jobFile, 'utf8')) as PageServerJob;
  // What it needs is opened as root; the rest is done as the VMM's own user, whose the directory of the socket is.
  const source = PageSource.open(job, job.memoryBytes);
  const prefetch = readWorkingSet(job.prefetch, job.memoryBytes);
  // Only root may keep code that the next page server runs as root.
  flushCompileCache();
  process.setgroups?.([]);
  process.setgid?.(job.peer.gid);
  process.setuid?.(job.peer.uid);
  const listening = listen(job.socketPath);
  // Most of what it has read of Node's code only its start needed.
  forgetCodePages();
  const connection = acceptPeer(listening, job.peer.uid);
  const vmm = openProcess(peerCredentials(connection).pid);
  try {
    const { userfaultfd, regions } = receiveHandover(connection, job.memoryBytes);
    const workingSet = new WorkingSet();
    for (const part of prefetch) workingSet.add(part);
    const note = () => writeWorkingSet(job.recordTo, workingSet.parts);
    const pages = new GuestPages(userfaultfd, regions, source, job.memoryBytes);
    new PageServer({ userfaultfd, vmm, pages, prefetch, workingSet, note }).serve();
  } catch (thrown) {
    killVmm(vmm);
    throw thrown;
  }
}

/** The name appears when it listens, so that whoever waits for the name can connect. */
function listen(socketPath: string): number {
  const draft = `${socketPath}.new`;
  const listening = listenUnix(draft, 0o600);
  renameSync(draft, socketPath);
  return listening;
}

function acceptPeer(listening: number, uid: number): number {
  if (pollDescriptors([listening], connectionMs)[0]?.isReadable !== true)
    throw new HandoverFault('nobody connected in time');
  const connection = acceptUnix(listening);
  closeSync(listening);
  const peer = peerCredentials(connection);
  if (peer.uid !== uid) throw new HandoverFault(`user ${peer.uid} connected instead of user ${uid}`);
  return connection;
}

function killVmm(vmm: number): void {
  try {
    signalProcess(vmm, 'SIGKILL');
  } catch (thrown) {
    // It has ended by itself.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH')) throw thrown;
  }
}

try {
  run(process.argv[2] ?? '');
} catch (thrown) {
  const { name, message } = thrown instanceof Error ? thrown : { name: 'Error', message: String(thrown) };
  process.stderr.write(`${JSON.stringify({ code: name, message })}\n`);
  process.exitCode = 1;
}
