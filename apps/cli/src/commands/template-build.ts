import type { Build, SubmitOptions } from '@wrenn/sdk';
import type { Command } from 'commander';
import { BuildAccess, type BuildFlags, buildCommand } from '../client/build-access.ts';
import { type CommandContext, printJson, printLine, say } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { StopSignals } from '../stop-signals.ts';
import type { RecipeFlags } from '../templates/recipe-source.ts';
import { exitOnInsistence } from './insistence.ts';
import { environmentVariable, wholeNumber } from './options.ts';

interface Flags extends BuildFlags, RecipeFlags {
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly arg?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly image?: true;
  readonly vcpus?: number;
  readonly memory?: number;
  readonly healthcheck?: string;
  readonly timeout?: number;
  /** False for `--no-cache`. */
  readonly cache: boolean;
  readonly detach?: true;
}

export function templateBuildCommand(context: CommandContext): Command {
  return buildCommand('build')
    .summary('build a template')
    .description(
      'Build a template of a recipe or a Dockerfile and print its name: `wrenn capsule create --template NAME` starts capsules from it. The folder goes along where the recipe copies from it. The log is shown; Ctrl-C cancels the build.',
    )
    .argument('<path>', 'a folder with `recipe` or `Dockerfile`, and `template.json` if need be; or a recipe')
    .option('--name <name>', 'of the template (default: that in template.json, else that of the folder)')
    .option('--tag <tag>', 'of the new version (default: default); may be repeated', tagAfter)
    .option('-f, --file <path>', 'the recipe, where it has another name or is elsewhere')
    .option('--dockerfile', 'it is a Dockerfile (default: told by the name of the file)')
    .option('--arg <NAME=VALUE>', 'value for an ARG; may be repeated', environmentVariable)
    .option('--target <stage>', 'stage to build (default: the last)')
    .option('--image', 'capsules boot from its disk, in any shape, instead of starting from its memory')
    .option('--vcpus <count>', 'virtual processors (default: 1)', wholeNumber(1))
    .option('--memory <MiB>', 'memory (default: 512)', wholeNumber(1))
    .option(
      '--healthcheck <text>',
      'command that succeeds when the start command is ready; `--interval=3s …` may stand before it',
    )
    .option('--timeout <seconds>', 'for the whole build (default: 3600)', wholeNumber(1))
    .option('--no-cache', 'do every step anew')
    .option('-d, --detach', 'print the ID of the build instead, and do not wait for it')
    .action(async (path: string, flags: Flags) => {
      // Loaded here, since the other commands do not need what packs folders.
      const { readRecipeSource } = await import('../templates/recipe-source.ts');
      const { submitRecipe } = await import('../templates/submit-recipe.ts');
      const { watchBuild } = await import('../templates/watch-build.ts');
      using stop = new StopSignals(exitOnInsistence);
      const source = await readRecipeSource(path, flags);
      await using access = await BuildAccess.open(flags, context);
      const { builds } = access;
      const { signal } = stop;
      const build = await submitRecipe(builds, { source, options: optionsOf(flags) }, context, signal);
      if (flags.detach === true) {
        if (flags.json === true) printJson(context, build);
        else printLine(context, build.id);
        return;
      }
      say(context, `building ${build.name} (${build.id})`);
      report(await watchBuild(builds, build, context, signal), flags, context);
    });
}

function tagAfter(tag: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, tag];
}

function optionsOf(flags: Flags): Partial<SubmitOptions> {
  return {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.tag === undefined ? {} : { tags: flags.tag }),
    ...(flags.arg === undefined ? {} : { args: flags.arg }),
    ...(flags.target === undefined ? {} : { target: flags.target }),
    ...(flags.image === true ? { result: 'image' } : {}),
    ...(flags.vcpus === undefined ? {} : { vcpus: flags.vcpus }),
    ...(flags.memory === undefined ? {} : { memoryMb: flags.memory }),
    ...(flags.healthcheck === undefined ? {} : { healthcheck: flags.healthcheck }),
    ...(flags.timeout === undefined ? {} : { timeoutSec: flags.timeout }),
    ...(flags.cache ? {} : { noCache: true }),
  };
}

/** A build that failed is no fault of the request: its exit code is that of what failed. */
function report(build: Build, { json }: Flags, context: CommandContext): void {
  if (json === true) printJson(context, build);
  const { status, error } = build;
  if (status === 'success') {
    if (json !== true) printLine(context, build.name);
    return;
  }
  const remedy = error?.remedy === undefined ? '' : `; ${error.remedy}`;
  say(context, `${error?.message ?? `the build ended as ${status}`}${remedy}`);
  context.exit(status === 'cancelled' ? exitCodes.interrupted : exitCodes.failure);
}
