import type { FileEntry } from '@wrenn/protocol/hostagent';
import { z } from 'zod';
import { text } from '../http/schemas.ts';

export const path = text(4096).min(1).describe("A relative path starts at the user's home, and so does `~`.");
export const user = text(64).default('').describe("As whom; by default the template's user.");

export const entryBody = z
  .object({
    name: z.string(),
    path: z.string(),
    type: z.enum(['file', 'directory', 'symlink', 'unknown']).describe('Of a link, what it leads to.'),
    size: z.int(),
    mode: z.int(),
    permissions: z.string(),
    owner: z.string(),
    group: z.string(),
    modified_at: z.int().describe('Seconds since 1970.'),
    symlink_target: z.string().optional(),
  })
  .meta({ id: 'FileEntry' });

const types = ['file', 'directory', 'symlink'] as const;

export function presentEntry(entry: FileEntry): z.output<typeof entryBody> {
  const { name, path: at, size, mode, permissions, owner, group, modifiedAt, symlinkTarget } = entry;
  return {
    ...{ name, path: at, mode, permissions, owner, group },
    type: types.find((type) => type === entry.type) ?? 'unknown',
    size: Number(size),
    modified_at: Number(modifiedAt),
    ...(symlinkTarget === undefined ? {} : { symlink_target: symlinkTarget }),
  };
}
