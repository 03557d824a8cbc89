import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { Network } from './support/cut.ts';
import { Drag } from './support/drag.ts';
import { folderWith } from './support/folder-with.ts';
import { contentOf, ownCapsule } from './support/own-capsule.ts';
import { expectSound, photograph, type Visited, visit } from './support/page.ts';

const as = 'ada@localhost';

async function opened(visited: Visited, files: Record<string, string | Buffer>, query = ''): Promise<string> {
  const id = await ownCapsule(visited, files);
  await visited.page.goto(`/dashboard/capsules/${id}/files${query}`);
  await visited.page.getByRole('grid').waitFor();
  return id;
}

/** A row of the list; its name is text, whatever it says. */
const row = (page: Page, name: string) =>
  page.getByRole('row').filter({ has: page.locator('bdi', { hasText: name }) });
const editor = (page: Page) => page.locator('.cm-content');

async function typed(page: Page, text: string): Promise<void> {
  await editor(page).click();
  await page.keyboard.press('ControlOrMeta+End');
  await page.keyboard.type(text);
}

describe('a folder', () => {
  it('shows names of any kind as text, and holds in both themes and on a phone', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const names = ['<img src=x onerror=alert(1)>', 'שלום עולם', '💾 emoji', 'x'.repeat(255), 'a & b'];
    await opened(visited, Object.fromEntries(names.map((name) => [name, name])));
    for (const name of names) await row(visited.page, name).waitFor();
    await expectSound(visited);
  });

  it('of ten thousand entries has those in sight in the page, and is walked by keyboard', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const id = await ownCapsule(visited, { 'inside/last.txt': 'the last one' });
    // As the API would answer, without ten thousand files.
    const entry = (name: string, type = 'file') => ({
      ...{ name, path: `/home/user/${name}`, type, size: 1, mode: 420, permissions: '-rw-r--r--' },
      ...{ owner: 'user', group: 'user', modified_at: 1_700_000_000 },
    });
    const entries = Array.from({ length: 9_999 }, (_, at) => entry(`f${String(at).padStart(5, '0')}`));
    await page.route('**/files/list', async (route) => {
      if (route.request().postData()?.includes('inside') === true) return await route.continue();
      await route.fulfill({ json: { entries: [...entries, entry('inside', 'directory')] } });
    });
    await page.goto(`/dashboard/capsules/${id}/files`);
    const grid = page.getByRole('grid');
    await grid.focus();
    expect(await grid.getAttribute('aria-rowcount')).toBe('10001');
    expect(await page.getByRole('row').count()).toBeLessThan(100);
    await page.keyboard.press('End');
    await row(page, 'f09998').waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await row(page, 'last.txt').waitFor();
    await page.keyboard.press('Backspace');
    await row(page, 'f00000').waitFor();
  });

  it('is opened by a double click too, and nothing of what it shows then', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    await opened(visited, { 'a/b/c/inside.txt': '' });
    await row(page, 'a').click();
    await row(page, 'b').waitFor();
    // The second of the two comes when the list has changed below the pointer.
    await page.mouse.down({ clickCount: 2 });
    await page.mouse.up({ clickCount: 2 });
    await expect.poll(() => page.getByText('shown as they change').count()).toBe(1);
    expect(new URL(page.url()).searchParams.get('path')).toBe('/home/user/a');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
  });

  it('shows what comes and goes in it, without being asked', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context, url } = visited;
    const id = await opened(visited, { 'one.txt': '1' });
    await page.getByText('shown as they change').waitFor();
    const at = `/v1/capsules/${id}/files/content?path=two.txt`;
    await context.request.put(at, { headers: { origin: url }, data: '2' });
    await row(page, 'two.txt').waitFor();
  });

  it('shows what came after it was read and before its changes were told', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context, url } = visited;
    const network = await Network.of(page, /\/files\/watch\?/);
    network.hold();
    const id = await opened(visited, { 'one.txt': '1' });
    await row(page, 'one.txt').waitFor();
    const at = `/v1/capsules/${id}/files/content?path=two.txt`;
    await context.request.put(at, { headers: { origin: url }, data: '2' });
    network.letGo();
    await row(page, 'two.txt').waitFor();
  });

  it('is searched by what is typed as soon as it was asked for, until another one is', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    await opened(visited, { 'one.txt': '1', 'sub/more.txt': '', 'sub/other.txt': '' });
    const search = page.getByLabel('Show only names with');
    await search.fill('sub');
    // In one go: the page has not gone there when the first letters come.
    await page.evaluate(`
      [...document.querySelectorAll('[role=row]')].find((row) => row.textContent.includes('sub')).click();
      const field = document.querySelector('[aria-label^="Show only"]');
      field.value = 'more';
      field.dispatchEvent(new Event('input', { bubbles: true }));
    `);
    await row(page, 'more.txt').waitFor();
    await expect.poll(() => row(page, 'other.txt').count()).toBe(0);
    await page.goBack();
    await row(page, 'one.txt').waitFor();
    expect(await search.inputValue()).toBe('');
  });

  it('gets folders and files, renames, and deletes what is chosen', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const id = await opened(visited, { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' });
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByLabel('Name', { exact: true }).fill('made');
    await page.getByRole('button', { name: 'Make the folder' }).click();
    await row(page, 'made').waitFor();

    await page.getByLabel('Choose a.txt').click();
    await page.getByRole('button', { name: 'Rename' }).click();
    // What is there already is not replaced, and what was typed stays.
    await page.getByLabel('New name, or path').fill('b.txt');
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    await page.getByText('/home/user/b.txt is there already').waitFor();
    await page.getByLabel('New name, or path').fill('made/../made/<i>.txt');
    expect(await page.getByText('a name holds no slash').count()).toBe(1);
    await page.getByLabel('New name, or path').fill('~/made/<i>.txt');
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    await expect.poll(() => contentOf(visited, id, 'made/<i>.txt')).toBe('a');

    await page.getByLabel('Choose b.txt').click();
    await page.getByLabel('Choose made').click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByText('with all that is in the folders').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => row(page, 'made').count()).toBe(0);
    expect(await contentOf(visited, id, 'b.txt')).toBe('status 404');
    await row(page, 'c.txt').waitFor();
  });
});

describe('a file', () => {
  it('is opened by its address, edited and saved', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const text = '# a comment\r\nprint("hello")\r\n';
    const id = await opened(visited, { 'hello.py': text }, '?file=hello.py');
    await editor(page).getByText('print').waitFor();
    await expectSound(visited);
    await photograph(visited, 'capsule-files');
    await typed(page, 'x = 1');
    await page.keyboard.press('ControlOrMeta+s');
    await page.getByText('hello.py is saved').waitFor();
    // Its line breaks are its own.
    expect(await contentOf(visited, id, 'hello.py')).toBe(`${text}x = 1`);
  });

  it('that was changed meanwhile is not replaced unasked, and nothing typed is lost', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context, url } = visited;
    const id = await opened(visited, { 'both.txt': 'first\n' }, '?file=both.txt');
    await editor(page).getByText('first').waitFor();
    await typed(page, 'mine');
    const at = `/v1/capsules/${id}/files/content?path=both.txt`;
    await context.request.put(at, { headers: { origin: url }, data: 'theirs\n' });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('changed by something else').waitFor();
    expect(await contentOf(visited, id, 'both.txt')).toBe('theirs\n');
    await page.getByRole('button', { name: /^Keep both/ }).click();
    await editor(page).getByText('theirs').waitFor();
    expect(await contentOf(visited, id, 'both.txt.mine')).toBe('first\nmine');

    // And once more: what was kept before stays.
    await typed(page, 'again');
    await context.request.put(at, { headers: { origin: url }, data: 'theirs again\n' });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: /^Keep both/ }).click();
    await page.getByText(/^What you typed is in .*both\.txt\.mine-2$/).waitFor();
    expect(await contentOf(visited, id, 'both.txt.mine')).toBe('first\nmine');
    expect(await contentOf(visited, id, 'both.txt.mine-2')).toBe('theirs\nagain');
  });

  it('that is changed at the very moment it is saved is not replaced either', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page, context, url } = visited;
    const id = await opened(visited, { 'both.txt': 'first\n' }, '?file=both.txt');
    await editor(page).getByText('first').waitFor();
    await typed(page, 'mine');
    const at = `/v1/capsules/${id}/files/content?path=both.txt`;
    // After the page has looked whether it is still what was read.
    await page.route('**/files/content?*', async (route) => {
      if (route.request().method() === 'PUT')
        await context.request.put(at, { headers: { origin: url }, data: 'theirs\n' });
      await route.continue();
    });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('changed by something else').waitFor();
    expect(await contentOf(visited, id, 'both.txt')).toBe('theirs\n');
    await page.unroute('**/files/content?*');
    await page.getByRole('button', { name: 'Replace it with mine' }).click();
    await expect.poll(() => contentOf(visited, id, 'both.txt')).toBe('first\nmine');
  });

  it('that cannot be saved stays as it was typed, and is saved when it can be', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const id = await opened(visited, { 'note.txt': 'a' }, '?file=note.txt');
    await editor(page).getByText('a', { exact: true }).waitFor();
    await typed(page, 'b');
    await page.route('**/files/content?*', (route) =>
      route.request().method() === 'PUT' ? route.abort() : route.continue(),
    );
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('the server cannot be reached').waitFor();
    // Leaving it asks first.
    await page.getByRole('button', { name: 'Close the file' }).click();
    await page.getByText('Drop what you changed?').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.unroute('**/files/content?*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => contentOf(visited, id, 'note.txt')).toBe('ab');
  });

  it('that is binary says so, one of markup is text, and one of pixels a picture', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const pixel = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    );
    const markup = '<script>document.title = "run"</script>';
    await opened(visited, {
      'a.bin': Buffer.from([1, 0, 2]),
      'b.html': markup,
      'c.png': pixel,
      'd.svg': markup,
    });
    await row(page, 'a.bin').click();
    await page.getByText('This file is binary, of 3 B').waitFor();
    for (const name of ['b.html', 'd.svg']) {
      await row(page, name).click();
      await editor(page).getByText('document').waitFor();
    }
    await row(page, 'c.png').click();
    await expect
      .poll(() => page.evaluate('document.querySelector(\'img[alt="c.png"]\')?.naturalWidth'))
      .toBe(1);
    expect(await page.title()).not.toBe('run');
  });

  it('that is large is shown as far as its beginning goes', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    await opened(visited, { 'large.log': 'a line of it\n'.repeat(400_000) }, '?file=large.log');
    await page.getByText('Shown: the first 2 MiB of 4.96 MiB.').waitFor();
    expect(await page.getByRole('button', { name: 'Save', exact: true }).count()).toBe(0);
  });
});

describe('an upload', () => {
  it('of several files arrives, says so, and asks before it replaces', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const id = await opened(visited, { 'there.txt': 'old' });
    const file = (name: string, text: string) => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(text),
    });
    await page
      .locator('[data-upload="files"]')
      .setInputFiles([file('there.txt', 'new'), file('ünïcode.txt', 'u')]);
    await page.getByText('there.txt is in this folder already').waitFor();
    await page.getByRole('button', { name: 'Replace' }).click();
    await page.getByText('Uploads are over: 2 done').waitFor();
    await row(page, 'ünïcode.txt').waitFor();
    expect(await contentOf(visited, id, 'there.txt')).toBe('new');
  });

  it('of a folder keeps what is in it where it is', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const id = await opened(visited, { 'there.txt': 'old' });
    await using source = await folderWith({ 'site/index.html': '<p>', 'site/css/main.css': 'p {}' });
    await page.locator('[data-upload="folder"]').setInputFiles(join(source.path, 'site'));
    await page.getByText('Uploads are over: 2 done').waitFor();
    await row(page, 'site').waitFor();
    expect(await contentOf(visited, id, 'site/css/main.css')).toBe('p {}');
  });

  it('by drag takes files, folders and those in them, and empty ones', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const id = await opened(visited, { 'there.txt': 'old' });
    await using source = await folderWith({
      'one.txt': 'first',
      'site/index.html': '<p>',
      'site/css/main.css': 'p {}',
    });
    await mkdir(join(source.path, 'site/empty'));
    const drag = await Drag.over(page, page.locator('.list'), [
      join(source.path, 'one.txt'),
      join(source.path, 'site'),
    ]);
    expect(await page.locator('.list.over').count()).toBe(1);
    await drag.drop();
    await page.getByText('Uploads are over: 4 done').waitFor();
    expect(await page.locator('.list.over').count()).toBe(0);
    expect(await contentOf(visited, id, 'one.txt')).toBe('first');
    expect(await contentOf(visited, id, 'site/css/main.css')).toBe('p {}');
    await row(page, 'site').click();
    await row(page, 'empty').waitFor();
  });

  it('that fails says why, file by file, and can be tried again', async () => {
    await using visited = await visit('/dashboard/keys', { as });
    const { page } = visited;
    const id = await opened(visited, { 'a.txt': 'a' });
    const error = { code: 'no_space', message: 'the disk is full', remedy: 'delete something' };
    await page.route('**/files/content?*bad.txt*', (route) =>
      route.fulfill({ status: 507, json: { error } }),
    );
    const files = ['good.txt', 'bad.txt'].map((name) => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(name),
    }));
    await page.locator('[data-upload="files"]').setInputFiles(files);
    await page.getByText('the disk is full: delete something').waitFor();
    await page.getByText('1 failed').waitFor();
    // They go side by side: the other may still be under way.
    await expect.poll(() => contentOf(visited, id, 'good.txt')).toBe('good.txt');
    await page.unroute('**/files/content?*bad.txt*');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => contentOf(visited, id, 'bad.txt')).toBe('bad.txt');
  });
});
