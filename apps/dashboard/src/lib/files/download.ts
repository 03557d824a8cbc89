import type { CapsuleFiles, FileEntry } from './capsule-files.ts';

/** Lets the browser fetch it to the disk, a folder as tar: nothing of it is held by the page. */
export function download(files: CapsuleFiles, { path, name, type }: FileEntry): void {
  const link = document.createElement('a');
  link.href = type === 'directory' ? files.archiveUrl(path) : files.contentUrl(path);
  link.download = type === 'directory' ? `${name || 'files'}.tar` : name;
  document.body.append(link);
  link.click();
  link.remove();
}
