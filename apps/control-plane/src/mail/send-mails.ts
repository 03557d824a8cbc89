import { describeError, type Secret } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { z } from 'zod';
import { mails } from '../metrics/metrics.ts';
import type { Attempt, Queues } from '../queues/queues.ts';
import { unseal } from '../secrets/seal.ts';
import type { Mail } from './mail.ts';
import type { Post } from './post.ts';

const mailSchema = z.object({
  kind: z.string(),
  to: z.string(),
  subject: z.string(),
  name: z.string(),
  paragraphs: z.array(z.string()),
  button: z.object({ text: z.string(), url: z.string() }).optional(),
  closing: z.array(z.string()).optional(),
});

/** Takes mails from the queue and hands them to `post`. What fails is tried again, later and later, then given up. */
export async function sendMails(queues: Queues, key: Secret, post: Post, log: Logger): Promise<void> {
  await queues.work('mail', async (attempt) => {
    try {
      await post.send(mailOf(attempt, key), attempt.signal);
      mails.inc({ outcome: 'sent' });
    } catch (thrown) {
      mails.inc({ outcome: attempt.isLast ? 'given_up' : 'retried' });
      const facts = { kind: attempt.data.kind, cause: describeError(thrown) };
      if (attempt.isLast) log.error(facts, 'a mail is given up');
      else log.warn(facts, 'a mail is tried again later');
      throw thrown;
    }
  });
}

function mailOf({ data }: Attempt<'mail'>, key: Secret): Mail {
  const { button, closing, ...rest } = mailSchema.parse(
    unseal(key, 'mail', Buffer.from(data.sealed, 'base64')),
  );
  return {
    ...rest,
    ...(button === undefined ? {} : { button }),
    ...(closing === undefined ? {} : { closing }),
  };
}
