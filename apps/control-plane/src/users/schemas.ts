import { z } from 'zod';
import { teamRoles } from '../db/schema.ts';
import { emailAddress, idText, personName } from '../http/schemas.ts';
import { newPassword, shownPassword } from './password.ts';

export const signUpBody = z.strictObject({ email: emailAddress, password: newPassword, name: personName });
export const messageBody = z.object({ message: z.string() });

/** What no account can have is an address without an account. */
export const signInBody = z.strictObject({ email: emailAddress, password: shownPassword });
export const tokenBody = z.strictObject({ token: z.string().max(200) });
export const switchTeamBody = z.strictObject({ team_id: idText('team') });

export const authBody = z
  .object({
    token: z.string().describe('For `Authorization: Bearer`; good for six hours.'),
    user_id: z.string(),
    team_id: z.string().nullable().describe('The team that the session acts for.'),
    email: z.string(),
    name: z.string(),
    role: z.enum(teamRoles).nullable().describe('In that team.'),
    is_admin: z.boolean().describe('Whether the user administrates the platform.'),
  })
  .meta({ id: 'SignedIn' });

export const meBody = z
  .object({
    user_id: z.string(),
    name: z.string(),
    email: z.string(),
    has_password: z.boolean(),
    providers: z.array(z.string()).describe('Linked accounts that can be signed in with.'),
    team_id: z.string().nullable(),
    role: z.enum(teamRoles).nullable(),
    is_admin: z.boolean(),
  })
  .meta({ id: 'Me' });

export const renameBody = z.strictObject({ name: personName });
export const deleteBody = z.strictObject({
  confirmation: z.string().max(300).describe('The address of the account.'),
});

export const passwordBody = z.strictObject({
  current_password: shownPassword.optional().describe('Where the account has a password.'),
  new_password: newPassword,
  confirm_password: z
    .string()
    .max(1024)
    .optional()
    .describe('The new one again, where the account has none.'),
});
export const resetBody = z.strictObject({ email: emailAddress });
export const confirmResetBody = z.strictObject({ token: z.string().max(200), new_password: newPassword });

const time = z.string().meta({ format: 'date-time' });
export const sessionBody = z
  .object({
    id: z.string(),
    user_agent: z.string(),
    address: z.string().describe('Where it was begun.'),
    created_at: time,
    last_seen_at: time,
    expires_at: time,
    is_current: z.boolean(),
  })
  .meta({ id: 'Session' });
export const sessionParameters = z.object({ id: idText('session') });
