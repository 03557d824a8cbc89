import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const pane = '.pane:not([hidden])';
/** A guest may be emulated, and the machine busy. */
const patienceMs = 90_000;

/** What is on the screen of the terminal that is in sight. */
export async function screenOf(page: Page): Promise<string> {
  const rows = await page.locator(`${pane} .xterm-rows > div`).allInnerTexts();
  return rows.map((line) => line.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
}

/** How many lines fit on it. */
export function rowsOf(page: Page): Promise<number> {
  return page.locator(`${pane} .xterm-rows > div`).count();
}

export async function shows(page: Page, text: string, timeout = patienceMs): Promise<void> {
  await expect.poll(() => screenOf(page), { timeout }).toContain(text);
}

export async function type(page: Page, keys: string): Promise<void> {
  await page.locator(`${pane} .xterm-helper-textarea`).focus();
  await page.keyboard.type(keys);
}

/** Types a line, and waits for what it answers. */
export async function run(page: Page, line: string, answer: string, timeout?: number): Promise<void> {
  await type(page, `${line}\n`);
  await shows(page, answer, timeout);
}

/** Opens one more, and waits for what its program says first. */
export async function newTerminal(page: Page, prompt: string): Promise<void> {
  await page.getByRole('button', { name: 'New terminal' }).first().click();
  await shows(page, prompt);
}
