import { capsuleStates } from '@wrenn/core';
import { z } from 'zod';
import { idText, text } from '../http/schemas.ts';
import { capsuleSorts, sortOrders } from './list-order.ts';

const status = z.enum(capsuleStates);

const filters = {
  q: text(100)
    .optional()
    .describe(
      'How the ID begins (with `cl-`, or four characters of it), or a part of the name of the template, or of a value of the metadata.',
    ),
  template: text(200).optional().describe('Its name, as capsules have it.'),
};

export const countQuery = z.strictObject(filters);

export const listQuery = z
  .strictObject({
    ...filters,
    status: z
      .union([status, z.array(status).min(1).max(capsuleStates.length)])
      .transform((value) => [value].flat())
      .optional()
      .describe('May be given several times; else all but `stopped` and `error`.'),
    sort: z.enum(capsuleSorts).default('created'),
    order: z.enum(sortOrders).default('desc'),
    limit: z.coerce.number().int().min(1).max(1000).default(1000),
    after: idText('capsule').optional().describe('The ID of the last capsule of the page before.'),
    cursor: text(500)
      .optional()
      .describe(
        'The header `x-next-cursor` of the page before, which is right also when that capsule changed.',
      ),
  })
  .refine(({ after, cursor }) => after === undefined || cursor === undefined, {
    path: ['cursor'],
    message: 'must not be given together with after',
  });

export const countsBody = z
  .object({
    total: z.int().describe('What the list has when it is asked for no status.'),
    by_status: z.record(status, z.int()),
  })
  .meta({ id: 'CapsuleCounts' });
