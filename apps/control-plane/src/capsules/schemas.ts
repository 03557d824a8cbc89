import { capsuleStates } from '@wrenn/core';
import { z } from 'zod';
import { text } from '../http/schemas.ts';
import { referencePattern } from '../templates/reference.ts';

/** Names that the platform itself fills in. */
const platformFacts = ['kernel_version', 'vmm_version', 'agent_version', 'envd_version'] as const;

const largestTimeoutSec = 2_147_483_647;
const mostEntries = 256;

/** Environment variables: names as the kernel can hold them. */
export const envs = z
  .record(z.string().regex(/^[^=\0]+$/, 'must not be empty, nor contain = or NUL'), text(65_536))
  .refine(fewEntries, `must have ${mostEntries} entries at most`);

const userMetadata = z
  .record(text(128), text(4096))
  .refine(fewEntries, `must have ${mostEntries} entries at most`)
  .refine(
    (value) => !platformFacts.some((name) => name in value),
    `must not set ${platformFacts.join(', ')}`,
  );

function fewEntries(value: object): boolean {
  return Object.keys(value).length <= mostEntries;
}

/** What a machine can be. */
export const shapeFields = {
  vcpus: z.int().min(1).max(8).default(1),
  memory_mb: z.int().min(128).max(8192).multipleOf(2).default(512),
};

export const createBody = z.strictObject({
  template: z
    .string()
    .regex(referencePattern, 'is not a template name')
    .default('minimal')
    .describe('A name, `name:tag`, `team/name` of a public one of another team, or an ID.'),
  ...shapeFields,
  timeout_sec: z
    .int()
    .min(0)
    .max(largestTimeoutSec)
    .default(0)
    .describe('How many seconds the capsule may be inactive before it is paused; 0 is for ever.'),
  auto_resume: z
    .boolean()
    .default(false)
    .describe(
      'Whether a command in the capsule, or a request to a port of it, resumes it first when it is paused.',
    ),
  public_ports: z
    .boolean()
    .default(false)
    .describe('Whether anyone who knows the address of a port may use it; else it takes a token or a link.'),
  metadata: userMetadata.default({}).describe('Yours to use; comes back with the capsule.'),
  envs: envs.default({}).describe('Environment of every command in the capsule. Never shown again.'),
});

const time = z.string().meta({ format: 'date-time' });

export const capsuleBody = z
  .object({
    id: z.string(),
    status: z.enum(capsuleStates),
    template: z.string(),
    vcpus: z.int(),
    memory_mb: z.int(),
    disk_size_mb: z.int(),
    timeout_sec: z.int(),
    auto_resume: z.boolean(),
    public_ports: z.boolean(),
    engine: z.string().optional().describe('The virtual machine monitor that runs it.'),
    isolation: z
      .enum(['kvm', 'emulated'])
      .optional()
      .describe('`emulated` is not a boundary against hostile code.'),
    host_ip: z.string().optional().describe('Where its host reaches it.'),
    failure: z.string().optional().describe('Why it is in `error`, where its host knows.'),
    created_at: time,
    started_at: time.optional(),
    last_active_at: time.optional(),
    paused_at: time.optional().describe('While it is paused.'),
    last_updated: time,
    metadata: z
      .record(z.string(), z.string())
      .describe(`What was given at the create, and from the platform ${platformFacts.join(', ')}.`),
  })
  .meta({ id: 'Capsule' });

export const stepsBody = z
  .array(z.object({ name: z.string(), duration_ms: z.number() }))
  .describe('What the time went to, in order.');

export const createdBody = z
  .object({
    ...capsuleBody.shape,
    steps: stepsBody,
  })
  .meta({ id: 'CreatedCapsule' });

export function factsOf(facts: Readonly<Record<string, string>>): Record<string, string> {
  const entries = platformFacts.map((name) => [name, facts[name] ?? ''] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}
