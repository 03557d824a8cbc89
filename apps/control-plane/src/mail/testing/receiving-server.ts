import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly source: string;
}

/** A mail server on a free port that keeps what it takes. */
export class ReceivingServer implements AsyncDisposable {
  readonly mails: ReceivedMail[] = [];
  /** How many mails it will refuse for now, as one that is busy does. */
  refusals = 0;
  readonly #server: SMTPServer;

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      logger: false,
      onData: (stream, session, done) => {
        text(stream).then((source) => {
          if (this.refusals > 0) {
            this.refusals -= 1;
            return done(Object.assign(new Error('try again later'), { responseCode: 451 }));
          }
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          this.mails.push({ from, to: rcptTo.map(({ address }) => address), source });
          done();
        }, done);
      },
    });
    this.#server.on('error', () => undefined);
  }

  static async start(): Promise<ReceivingServer> {
    const receiving = new ReceivingServer();
    receiving.#server.listen(0, '127.0.0.1');
    await once(receiving.#server.server, 'listening');
    return receiving;
  }

  get port(): number {
    return (this.#server.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve));
  }
}
