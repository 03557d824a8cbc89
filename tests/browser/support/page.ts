import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, expect, inject } from 'vitest';
import { startBrowser } from '../../support/browser.ts';

export type Theme = 'light' | 'dark';

export interface Visit {
  /** Undefined: nobody is signed in. */
  readonly as?: string;
  readonly theme?: Theme;
  /** A phone has 390. */
  readonly width?: number;
  /** Of another installation than the shared one. */
  readonly url?: string;
  readonly password?: string;
}

/** A page of the dashboard, and what the browser complained of on it. */
export interface Visited extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly url: string;
  /** Faults of scripts and breaches of the policy. Refusals of the API are not among them: pages show those. */
  readonly complaints: readonly string[];
}

let shared: Promise<Browser> | undefined;

/** One for a file of tests: its contexts share nothing, and to start one takes longer than to open a page. */
const sharedBrowser = (): Promise<Browser> => (shared ??= startBrowser());
afterAll(async () => {
  await (await shared)?.close();
  shared = undefined;
});

/** Opens a context of its own in the browser, signed in as one of the seeded accounts or as nobody. */
export async function visit(
  path: string,
  { as, theme = 'light', width = 1280, ...where }: Visit = {},
): Promise<Visited> {
  const dashboard = where.url === undefined ? inject('dashboard') : undefined;
  const url = where.url ?? dashboard?.url ?? '';
  const browser = await sharedBrowser();
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width, height: 860 },
    colorScheme: theme,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  try {
    if (as !== undefined) {
      const password = where.password ?? dashboard?.password;
      const answer = await context.request.post('/v1/auth/login', { data: { email: as, password } });
      expect(answer.status()).toBe(200);
    }
    context.setDefaultTimeout(patienceMs);
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (fault) => complaints.push(fault.message));
    page.on('console', (message) => {
      const isRefusal = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
    });
    await page.goto(path);
    return { page, context, url, complaints, [Symbol.asyncDispose]: () => context.close() };
  } catch (thrown) {
    await context.close();
    throw thrown;
  }
}

/** A machine that is slow for a while is no fault. */
const patienceMs = 60_000;
/** Colours pass into each other within a moment, even where nothing is to move. */
const painted =
  'new Promise((done) => requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(done), 50)))';
const phone = { width: 390, height: 844 };

/**
 * The page as it stands holds in both themes and at a phone's width: axe finds nothing serious, nothing has to be scrolled
 * sideways, and the browser has not complained. Leaves the page as it was.
 */
export async function expectSound({ page, complaints }: Visited): Promise<void> {
  const size = page.viewportSize() ?? phone;
  const before: unknown = await page.evaluate('document.documentElement.dataset.theme');
  const show = (theme: unknown) => page.evaluate(`document.documentElement.dataset.theme = '${theme}'`);
  // Colours are of the theme, and what is where is of the width: two of the four views have all of them.
  for (const [theme, viewport] of [
    ['light', size],
    ['dark', phone],
  ] as const) {
    await page.setViewportSize(viewport);
    await show(theme);
    await page.evaluate(painted);
    expect(await seriousFaults(page), `${page.url()}, ${theme}, ${viewport.width} wide`).toEqual([]);
    const tooWide: unknown = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(tooWide, `${page.url()} is wider than ${viewport.width}`).toBeLessThanOrEqual(0);
  }
  await show(before);
  await page.setViewportSize(size);
  expect(complaints).toEqual([]);
}

async function seriousFaults(page: Page): Promise<string[]> {
  const isThere: unknown = await page.evaluate('globalThis.axe !== undefined');
  // A script's value is sent back: that of axe is all of it.
  if (isThere !== true) await page.evaluate(`${axe.source}; undefined`);
  const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  // All rules are looked at; to tell of each node that passed takes three times as long.
  const options: axe.RunOptions = { runOnly, resultTypes: ['violations'] };
  const violations = await page.evaluate<axe.Result[]>(
    `axe.run(${JSON.stringify(options)}).then((results) => results.violations)`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
    );
}

/** Keeps how the page looks in docs/screenshots, where WRENN_SCREENSHOTS=1 asks for it. */
export async function photograph({ page }: Visited, name: string): Promise<void> {
  if (process.env['WRENN_SCREENSHOTS'] !== '1') return;
  const folder = join(import.meta.dirname, '../../../docs/screenshots');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
