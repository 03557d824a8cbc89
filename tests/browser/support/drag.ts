import type { CDPSession, Locator, Page } from 'playwright-core';

/** Any that the page may choose: to copy, to link, to move. */
const anyOperation = 1 | 2 | 16;

/** Files that somebody drags from the desktop. Scripts cannot make the entries of folders; the browser itself does. */
export class Drag {
  readonly #session: CDPSession;
  readonly #at: { readonly x: number; readonly y: number };
  readonly #paths: readonly string[];

  private constructor(
    session: CDPSession,
    at: { readonly x: number; readonly y: number },
    paths: readonly string[],
  ) {
    this.#session = session;
    this.#at = at;
    this.#paths = paths;
  }

  /** Holds the files of these absolute paths over the middle of `target`. */
  static async over(page: Page, target: Locator, paths: readonly string[]): Promise<Drag> {
    const box = await target.boundingBox();
    if (box === null) throw new Error('what is dragged to is not in sight');
    const session = await page.context().newCDPSession(page);
    const drag = new Drag(session, { x: box.x + box.width / 2, y: box.y + box.height / 2 }, paths);
    await drag.#do('dragEnter');
    await drag.#do('dragOver');
    return drag;
  }

  async drop(): Promise<void> {
    await this.#do('drop');
    await this.#session.detach();
  }

  async #do(type: 'dragEnter' | 'dragOver' | 'drop'): Promise<void> {
    const data = { items: [], files: [...this.#paths], dragOperationsMask: anyOperation };
    await this.#session.send('Input.dispatchDragEvent', { type, ...this.#at, data });
  }
}
