import type { Settings } from '../guest/settings.ts';
import { replaceFile } from './replace-file.ts';

/**
 * Writes who the capsule is where programs look for it, into `run`/wrenn, where the init script has made the folder
 * and links under E2B's names. An ID that is not known is not written: a file is there and whole, or not there.
 */
export function writeIdentityFiles(
  { capsuleId, templateId }: Pick<Settings, 'capsuleId' | 'templateId'>,
  run: string,
): void {
  if (capsuleId !== undefined) replaceFile(`${run}/wrenn/.WRENN_SANDBOX_ID`, capsuleId, 0o644);
  if (templateId !== undefined) replaceFile(`${run}/wrenn/.WRENN_TEMPLATE_ID`, templateId, 0o644);
}
