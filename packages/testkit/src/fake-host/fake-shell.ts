import { runFakeCommand } from '../fake-command.ts';
import { FakeProgram } from '../fake-program.ts';

const prompt = 'fake:~$ ';

/**
 * Something to type into: echoes, and runs the fake commands a line at a time, words apart by blanks. Knows Backspace,
 * Ctrl-C and Ctrl-D as a terminal does, and `exit N`.
 */
export class FakeShell extends FakeProgram {
  #line = '';
  #running: AbortController | undefined;

  begin(): void {
    this.print(prompt);
  }

  override async take(data: Uint8Array, signal: AbortSignal): Promise<void> {
    await super.take(data, signal);
    for (const key of new TextDecoder().decode(data)) this.#press(key);
  }

  #press(key: string): void {
    if (key === '\u0003') {
      this.#running?.abort();
      this.#line = '';
      this.print(`^C\r\n${prompt}`);
    } else if (key === '\u0004') {
      if (this.#line === '') this.exit(0);
    } else if (key === '\u007f') {
      if (this.#line === '') return;
      this.#line = this.#line.slice(0, -1);
      this.print('\b \b');
    } else if (key === '\r' || key === '\n') {
      this.print('\r\n');
      const line = this.#line;
      this.#line = '';
      void this.#run(line);
    } else {
      this.#line += key;
      this.print(key);
    }
  }

  /** Never rejects: what goes wrong is printed. */
  async #run(line: string): Promise<void> {
    const [cmd = '', ...args] = line.split(/\s+/).filter((word) => word !== '');
    if (cmd === 'exit') return this.exit(Number(args[0] ?? 0) || 0);
    if (cmd !== '') {
      this.#running = new AbortController();
      try {
        const request = { cmd, args, stdin: new Uint8Array(), envs: {}, timeoutSec: 0 };
        for await (const event of runFakeCommand(request, this.#running.signal)) {
          if (event.kind !== 'end') this.print(Buffer.from(event.data).toString().replaceAll('\n', '\r\n'));
        }
      } catch (thrown) {
        this.print(`${cmd}: ${thrown instanceof Error ? thrown.message : String(thrown)}\r\n`);
      }
    }
    if (!this.hasEnded) this.print(prompt);
  }
}
