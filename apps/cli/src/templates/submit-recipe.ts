import type { Build, Builds, SubmitOptions } from '@wrenn/sdk';
import { type CommandContext, say } from '../context.ts';
import { formatSize } from '../output/size.ts';
import { ignoredIn } from './ignored-paths.ts';
import { PackedFolder } from './packed-folder.ts';
import { copiesFromFolder, type RecipeSource } from './recipe-source.ts';

export interface Submission {
  readonly source: RecipeSource;
  /** What goes before the settings of the source. */
  readonly options: Partial<SubmitOptions>;
}

/**
 * Submits a recipe, with the folder that it copies from where it does. Once the server has all of it, the build is waited
 * for also when `signal` is aborted: whoever wants to stop has to know which it is.
 */
export async function submitRecipe(
  builds: Builds,
  { source, options }: Submission,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Build> {
  const request = { ...requestOf(source), ...options };
  if (!copiesFromFolder(source.recipe)) return await builds.submit(request);
  const { folder, format } = source;
  await using packed = await PackedFolder.of({
    folder,
    isIgnored: format === 'dockerfile' ? await ignoredIn(folder) : () => false,
    onLeftOut: (path) =>
      say(context, `left out, since it is neither a file nor a folder nor a link: ${path}`),
    signal,
  });
  say(context, `sending ${formatSize(packed.size)} of ${folder}`);
  try {
    return await builds.submit({ ...request, archive: packed.stream(signal) });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
}

function requestOf({ name, recipe, format, settings }: RecipeSource): SubmitOptions {
  return {
    name,
    recipe,
    format,
    ...(settings.result === undefined ? {} : { result: settings.result }),
    ...(settings.vcpus === undefined ? {} : { vcpus: settings.vcpus }),
    ...(settings.memory_mb === undefined ? {} : { memoryMb: settings.memory_mb }),
    ...(settings.healthcheck === undefined ? {} : { healthcheck: settings.healthcheck }),
    ...(settings.skip_pre_post === undefined ? {} : { skipPrePost: settings.skip_pre_post }),
    ...(settings.timeout_sec === undefined ? {} : { timeoutSec: settings.timeout_sec }),
    ...(settings.step_timeout_sec === undefined ? {} : { stepTimeoutSec: settings.step_timeout_sec }),
  };
}
