import { readFileSync, statfsSync } from 'node:fs';
import type { Daemon } from '../guest/daemon.ts';
import { globalEnvironment } from '../guest/settings.ts';
import { replyJson } from '../http/reply.ts';
import type { Route } from '../http/router.ts';
import { CpuUsage, countProcessors, parseCpuTimes } from './cpu-usage.ts';
import { parseMemoryInfo } from './memory-info.ts';

const mebibyte = 1024 * 1024;

/** `/metrics`, one sample of the machine, and `/envs`, the variables that each of its processes gets. */
export function metricsRoutes(daemon: Daemon): readonly Route[] {
  const usage = new CpuUsage();
  return [
    {
      method: 'GET',
      path: '/metrics',
      access: 'token',
      handle: (_request, response) => replyJson(response, 200, sample(usage)),
    },
    {
      method: 'GET',
      path: '/envs',
      access: 'token',
      handle: (_request, response) => replyJson(response, 200, globalEnvironment(daemon.settings)),
    },
  ];
}

/**
 * The names are the wire's. Sizes are in bytes where they do not say otherwise. Whoever counts for itself, whatever others
 * ask meanwhile, has the ticks since the machine's start.
 */
function sample(usage: CpuUsage) {
  const stat = readFileSync('/proc/stat', 'utf8');
  const times = parseCpuTimes(stat);
  const memory = parseMemoryInfo(readFileSync('/proc/meminfo', 'utf8'));
  // The root never lets one wait, and a thread for it would cost more than all the rest.
  const disk = statfsSync('/');
  return {
    ts: Math.floor(Date.now() / 1000),
    cpu_count: countProcessors(stat),
    cpu_used_pct: usage.sample(times),
    cpu_busy_ticks: times.busy,
    cpu_total_ticks: times.total,
    mem_total: memory.totalBytes,
    mem_used: memory.usedBytes,
    mem_cache: memory.cacheBytes,
    mem_total_mib: Math.floor(memory.totalBytes / mebibyte),
    mem_used_mib: Math.floor(memory.usedBytes / mebibyte),
    disk_used: (disk.blocks - disk.bfree) * disk.bsize,
    disk_total: disk.blocks * disk.bsize,
  };
}
