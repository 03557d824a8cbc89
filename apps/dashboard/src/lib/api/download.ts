import { answered, api } from './client.ts';

/**
 * Lets the browser keep what a path of the API answers, however long it is. Asks before whether the session is live: an
 * answer that says that it is not would be kept as the file.
 */
export async function download(path: string, name: string): Promise<void> {
  await answered(api.GET('/v1/me'));
  const link = document.createElement('a');
  link.href = path;
  link.download = name;
  link.click();
}
