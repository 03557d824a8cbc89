import { abortable } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { createTransport } from 'nodemailer';
import type { ControlPlaneConfig } from '../config.ts';
import type { Mail } from './mail.ts';
import { renderMail } from './render.ts';

/** The way out for mails. */
export interface Post {
  /** Throws what the server says when it does not take it. */
  send(mail: Mail, signal: AbortSignal): Promise<void>;
  close(): void;
}

const connectMs = 10_000;
const answerMs = 20_000;

/** By SMTP where a server is configured; else into the log, which says only that there was one. */
export function openPost(config: ControlPlaneConfig, log: Logger): Post {
  return config.smtpHost === '' ? new NoPost(log) : new SmtpPost(config);
}

class SmtpPost implements Post {
  readonly #from: string;
  readonly #transport: ReturnType<typeof createTransport>;

  constructor({ smtpHost, smtpPort, smtpTls, smtpUsername, smtpPassword, mailFrom }: ControlPlaneConfig) {
    this.#from = mailFrom;
    this.#transport = createTransport({
      host: smtpHost,
      port: smtpPort,
      secure: smtpPort === 465,
      ...(smtpTls === 'always' ? { requireTLS: true } : { ignoreTLS: true }),
      ...(smtpUsername === '' ? {} : { auth: { user: smtpUsername, pass: smtpPassword.reveal() } }),
      connectionTimeout: connectMs,
      greetingTimeout: connectMs,
      socketTimeout: answerMs,
      // Nothing in a mail may make the server read a file or fetch an address.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async send(mail: Mail, signal: AbortSignal): Promise<void> {
    const sent = this.#transport.sendMail({
      from: this.#from,
      // As an object: text would be read as a list of addresses.
      to: { name: '', address: mail.to },
      subject: mail.subject.replace(/[\r\n]+/g, ' '),
      headers: { 'Auto-Submitted': 'auto-generated' },
      ...renderMail(mail),
    });
    await abortable(sent, signal);
  }

  close(): void {
    this.#transport.close();
  }
}

class NoPost implements Post {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  async send({ kind }: Mail): Promise<void> {
    this.#log.warn({ kind }, 'a mail was not sent, since SMTP_HOST is not set');
  }

  close(): void {}
}
