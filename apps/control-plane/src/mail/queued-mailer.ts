import type { Secret } from '@wrenn/core';
import type { Queryable } from '../db/database.ts';
import type { Queues } from '../queues/queues.ts';
import { seal } from '../secrets/seal.ts';
import type { Mail, Mailer } from './mail.ts';

/** Puts mails into the queue, sealed: links in them open accounts. */
export class QueuedMailer implements Mailer {
  readonly #queues: Queues;
  readonly #key: Secret;

  constructor(queues: Queues, key: Secret) {
    this.#queues = queues;
    this.#key = key;
  }

  async send(transaction: Queryable, mail: Mail): Promise<void> {
    const sealed = seal(this.#key, 'mail', mail).toString('base64');
    await this.#queues.send(transaction, 'mail', { kind: mail.kind, sealed });
  }
}
