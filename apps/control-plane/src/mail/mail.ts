import type { Queryable } from '../db/database.ts';

/** A link that a mail offers as a button; its address is written out in the text form. */
export interface MailButton {
  readonly text: string;
  readonly url: string;
}

/** A mail as what it says; how it looks is the mailer's. All of it is text: markup in it is shown as it is. */
export interface Mail {
  /** What it is for, as `activation`; for logs. */
  readonly kind: string;
  readonly to: string;
  readonly subject: string;
  /** The name of who gets it. */
  readonly name: string;
  readonly paragraphs: readonly string[];
  readonly button?: MailButton;
  /** After the button. */
  readonly closing?: readonly string[];
}

/** Sends mails, some time after the transaction that asks for them is over. */
export interface Mailer {
  send(transaction: Queryable, mail: Mail): Promise<void>;
}
