import { describe, expect, it } from 'vitest';
import { Network } from './support/cut.ts';
import { ownCapsule } from './support/own-capsule.ts';
import { expectSound, photograph, type Visited, visit } from './support/page.ts';
import { newTerminal, rowsOf, run, screenOf, shows, type } from './support/terminal-screen.ts';

const as = 'ada@localhost';

async function opened(visited: Visited): Promise<string> {
  const id = await ownCapsule(visited);
  await visited.page.goto(`/dashboard/capsules/${id}/terminal`);
  await newTerminal(visited.page, 'fake:~$');
  return id;
}

describe('a terminal', () => {
  it('echoes, is sound, and tells the code that its program ends with', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    await opened(visited);
    await run(page, 'echo hello there', '\nhello there');
    await expectSound(visited);
    await photograph(visited, 'capsule-terminal');
    await type(page, 'exit 3\n');
    await page.getByText('Its program has ended with code 3.').waitFor();
  });

  it('is one of several, which are there again after the page was loaded again', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    await opened(visited);
    await run(page, 'echo of the first', '\nof the first');
    await newTerminal(page, 'fake:~$');
    expect(await page.getByRole('tab').count()).toBe(2);
    await run(page, 'echo of the second', '\nof the second');
    await page.reload();
    // The one that was in sight is, by the address of the page.
    await shows(page, 'of the second');
    await page.getByRole('tab').first().click();
    await shows(page, 'of the first');
    expect(await screenOf(page)).not.toContain('of the second');
    await run(page, 'echo still here', '\nstill here');
  });

  it('whose connection breaks says so, and what is typed meanwhile arrives once', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const network = await Network.of(page);
    await opened(visited);
    await run(page, 'echo before', '\nbefore');
    await network.cut();
    await page.getByText('The connection broke').waitFor();
    await page.keyboard.type('echo typed while it was cut\n');
    network.mend();
    await shows(page, '\ntyped while it was cut');
    expect((await screenOf(page)).match(/\ntyped while it was cut/g)).toHaveLength(1);
  });

  it('has what is typed before it is connected', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const network = await Network.of(page);
    await opened(visited);
    network.hold();
    await page.reload();
    await page.getByText('Connecting …').waitFor();
    await type(page, 'echo early keys\n');
    network.letGo();
    await shows(page, '\nearly keys');
  });

  it('of a paused capsule says so, and goes on when that is resumed', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context, url } = visited;
    const id = await opened(visited);
    await run(page, 'echo before', '\nbefore');
    await context.request.post(`/v1/capsules/${id}/pause`, { headers: { origin: url }, data: {} });
    await page.getByText('The capsule is paused. The terminal goes on').waitFor();
    await page.locator('.pane').getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => page.getByText('The capsule is paused. The terminal goes on').count()).toBe(0);
    await run(page, 'echo after', '\nafter');
  });

  it('is closed after a question, and its program ended', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context } = visited;
    const id = await opened(visited);
    await page.getByRole('button', { name: 'Close this terminal' }).click();
    await page.getByRole('button', { name: 'Close it' }).click();
    await page.getByText('No terminal is open').waitFor();
    const { processes } = await (await context.request.get(`/v1/capsules/${id}/processes`)).json();
    expect(processes).toEqual([]);
  });

  it('shows a hundred megabytes to their end, and takes keys afterwards', { timeout: 300_000 }, async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    await opened(visited);
    // Each prints 1.2 MB.
    for (let count = 0; count < 85; count++) await type(page, 'lines 100000\n');
    await run(page, 'echo after all', '\nafter all', 240_000);
    // What is out of sight is no part of the page.
    expect(await page.locator('.pane:not([hidden]) .xterm-rows > div').count()).toBeLessThan(200);
    expect(visited.complaints).toEqual([]);
  });

  it('is found in, and its text copied', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    await opened(visited);
    await run(page, 'echo needle and needle', '\nneedle and needle');
    await page.keyboard.press('Control+Shift+f');
    await page.getByLabel('Find in the terminal').fill('needle');
    await page.getByText('1 of 4').or(page.getByText('4 of 4')).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+Shift+c');
    await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe('needle');
  });
});

describe('a link to look on', () => {
  it('shows the terminal to others as it goes on, and takes no keys', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context } = visited;
    await opened(visited);
    await run(page, 'echo shown to all', '\nshown to all');
    await page.getByRole('button', { name: 'Copy a link to look on' }).click();
    await page.getByText('The link is copied').waitFor();
    const other = await context.newPage();
    await other.goto(await page.evaluate<string>('navigator.clipboard.readText()'));
    await shows(other, 'shown to all');
    await other.locator('.xterm-screen').click();
    await other.keyboard.type('echo not allowed\n');
    await run(page, 'echo seen at once', '\nseen at once');
    await shows(other, 'seen at once');
    expect(await screenOf(other)).not.toContain('not allowed');
  });

  it('follows the size of the window that it is typed into', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context } = visited;
    await opened(visited);
    await page.getByRole('button', { name: 'Copy a link to look on' }).click();
    await page.getByText('The link is copied').waitFor();
    const other = await context.newPage();
    await other.goto(await page.evaluate<string>('navigator.clipboard.readText()'));
    await shows(other, 'fake:~$');
    const before = await rowsOf(page);
    await expect.poll(() => rowsOf(other)).toBe(before);
    await page.setViewportSize({ width: 900, height: 560 });
    await expect.poll(() => rowsOf(page)).toBeLessThan(before);
    await expect.poll(() => rowsOf(other)).toBe(await rowsOf(page));
  });
});
