import { type Browser, chromium } from 'playwright-core';

/** Debian's. It has no sandbox of its own here, where tests run as root. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
}
