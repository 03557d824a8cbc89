import type { Settings } from '../guest/settings.ts';
import { replaceFile } from './replace-file.ts';

/**
 * Writes who the capsule is where programs look for it: under `run`/wrenn in our names, under `run`/e2b in those of
 * E2B. An ID that is not known is not written: a file is there and whole, or not there. Folders are the image's.
 */
export function writeIdentityFiles(
  { capsuleId, templateId }: Pick<Settings, 'capsuleId' | 'templateId'>,
  run: string,
): void {
  for (const [folder, prefix] of [
    ['wrenn', '.WRENN'],
    ['e2b', '.E2B'],
  ] as const) {
    const path = `${run}/${folder}/${prefix}`;
    if (capsuleId !== undefined) {
      replaceFile(`${path}_SANDBOX`, 'true', 0o644);
      replaceFile(`${path}_SANDBOX_ID`, capsuleId, 0o644);
    }
    if (templateId !== undefined) replaceFile(`${path}_TEMPLATE_ID`, templateId, 0o644);
  }
}
