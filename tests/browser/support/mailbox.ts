import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

/** A mail server that keeps what it is handed as files, so that tests in other processes can read it. */
export class Mailbox implements AsyncDisposable {
  readonly #server: SMTPServer;
  readonly port: number;

  private constructor(server: SMTPServer, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async open(folder: string): Promise<Mailbox> {
    await mkdir(folder, { recursive: true });
    let received = 0;
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData(stream, _session, done) {
        received += 1;
        const name = join(folder, `${String(received).padStart(4, '0')}.eml`);
        void text(stream)
          .then(async (mail) => {
            await writeFile(`${name}.part`, mail);
            await rename(`${name}.part`, name);
          })
          .then(() => done(), done);
      },
    });
    server.listen(0, '127.0.0.1');
    await once(server.server, 'listening');
    const address = server.server.address();
    if (address === null || typeof address === 'string') throw new TypeError('the mail server has no port');
    return new Mailbox(server, address.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }
}

/** The bodies of the mails to `address` so far, oldest first, with their soft line breaks undone. */
export async function mailsTo(folder: string, address: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.eml')).toSorted();
  const mails = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return mails
    .filter((mail) => /^To: .*$/im.exec(mail)?.[0].includes(address))
    .map((mail) => mail.replace(/=\r?\n/g, '').replace(/=3D/gi, '='));
}
