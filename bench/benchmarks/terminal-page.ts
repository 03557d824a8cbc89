import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, until, WrennError } from '@wrenn/core';
import type { CDPSession, Page } from 'playwright-core';
import { startBrowser } from '../../tests/support/browser.ts';
import type { Benchmark } from '../benchmark.ts';
import type { Installation } from '../installation.ts';
import { percentile, round } from '../statistics.ts';

const usualMB = 100;
const idleMs = 10_000;
const printMs = 900_000;
const readyMs = 120_000;
const screen = '.pane:not([hidden]) .xterm-rows';

interface Frames {
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly longest_ms: number;
}

export const terminalPage: Benchmark = {
  name: 'terminal-page',
  defaultRuns: 1,
  what: 'times between frames of the page, and its memory, while a terminal in it shows 100 MB of output, against the same page when nothing is printed',
  async run({ wrenn, runs, sizeMiB, note, signal }) {
    const bytes = sizeMiB === undefined ? usualMB * 1_000_000 : sizeMiB * 1024 * 1024;
    const browser = await startBrowser();
    try {
      const context = await browser.newContext({
        baseURL: wrenn.baseUrl,
        viewport: { width: 1280, height: 860 },
      });
      const headers = { origin: wrenn.baseUrl };
      const signedIn = await context.request.post('/v1/auth/login', { data: await administrator(wrenn) });
      const made = await context.request.post('/v1/capsules', { headers, data: {} });
      if (!signedIn.ok() || !made.ok())
        throw new WrennError(
          'internal_error',
          `a capsule cannot be made as the administrator: ${await made.text()}`,
        );
      const { id } = (await made.json()) as { readonly id: string };
      try {
        const page = await context.newPage();
        const machine = await context.newCDPSession(page);
        await openTerminal(page, id, signal);
        const idle = await framesDuring(page, () => page.waitForTimeout(idleMs));
        note(`idle: ${shown(idle)}`);
        const before = await heapMiB(machine);
        const times: Frames[] = [];
        let seconds = 0;
        for (let run = 1; run <= runs; run++) {
          const began = performance.now();
          times.push(await framesDuring(page, () => print(page, bytes, run, signal)));
          seconds += (performance.now() - began) / 1000;
        }
        const after = await heapMiB(machine);
        const ours = worstOf(times);
        note(`printing: ${shown(ours)}; the page has ${before} MiB before and ${after} MiB after`);
        const facts = {
          heap_before_mib: before,
          heap_after_mib: after,
          mb_s: round((bytes * runs) / 1e6 / seconds),
        };
        return {
          ours: { ...ours, ...facts },
          floor: { ...idle },
          ratio: { p50: round(ours.p50_ms / idle.p50_ms), p99: round(ours.p99_ms / idle.p99_ms) },
          bar: { p50: 3, p99: 10 },
        };
      } finally {
        await context.request.delete(`/v1/capsules/${id}`, { headers });
      }
    } finally {
      await browser.close();
    }
  },
};

async function administrator({ directory }: Installation) {
  const email = process.env['WRENN_ADMIN_EMAIL'] || 'admin@localhost';
  return { email, password: (await readFile(join(directory, 'admin-password'), 'utf8')).trim() };
}

async function openTerminal(page: Page, id: string, signal: AbortSignal): Promise<void> {
  await page.goto(`/dashboard/capsules/${id}/terminal`);
  await page.getByRole('button', { name: 'New terminal' }).last().click();
  await shows(page, '$', readyMs, signal);
}

/** Lines of a usual length, as programs print them; returns when the last one is on the screen. */
async function print(page: Page, bytes: number, run: number, signal: AbortSignal): Promise<void> {
  const line = 'the quick brown fox jumps over the lazy dog, and prints a line of its own about that';
  await page.locator('.pane:not([hidden]) .xterm-helper-textarea').focus();
  await page.keyboard.type(`clear; yes '${line}' | head -c ${bytes}; echo; echo do''ne ${run}\n`);
  await shows(page, `done ${run}`, printMs, signal);
}

async function shows(page: Page, text: string, ms: number, signal: AbortSignal): Promise<void> {
  using limit = deadline(ms, `waiting for "${text}" on the screen`, signal);
  await until(async () => (await page.locator(screen).innerText()).includes(text) || undefined, 500, limit);
}

/** The times from each frame to the next one while `work` is done. */
async function framesDuring(page: Page, work: () => Promise<unknown>): Promise<Frames> {
  await page.evaluate(`
    window.frameTimes = [];
    window.countsFrames = true;
    let last = performance.now();
    const frame = (now) => {
      window.frameTimes.push(now - last);
      last = now;
      if (window.countsFrames) requestAnimationFrame(frame);
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
  `);
  await work();
  const times = await page.evaluate<number[]>('window.countsFrames = false, window.frameTimes');
  return {
    p50_ms: round(percentile(times, 0.5)),
    p99_ms: round(percentile(times, 0.99)),
    longest_ms: round(percentile(times, 1)),
  };
}

async function heapMiB(machine: CDPSession): Promise<number> {
  await machine.send('HeapProfiler.collectGarbage');
  const { usedSize } = await machine.send('Runtime.getHeapUsage');
  return round(usedSize / 1024 / 1024);
}

function worstOf(times: readonly Frames[]): Frames {
  const most = (key: keyof Frames) => Math.max(...times.map((each) => each[key]));
  return { p50_ms: most('p50_ms'), p99_ms: most('p99_ms'), longest_ms: most('longest_ms') };
}

function shown({ p50_ms, p99_ms, longest_ms }: Frames): string {
  return `a frame each ${p50_ms} ms (p50), ${p99_ms} ms (p99), ${longest_ms} ms at the longest`;
}
