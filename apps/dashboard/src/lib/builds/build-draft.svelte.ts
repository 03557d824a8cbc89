import type { Pair } from '#lib/ui/PairsField.svelte';
import { pairsRecord } from '#lib/ui/PairsField.svelte';
import type { Build } from './calls.ts';
import type { NewBuild } from './submit.ts';

const usual = { base: 'minimal', tags: 'default', timeoutSec: 3600, stepTimeoutSec: 600 } as const;

/** What somebody types of a build before they hand it in. */
export class BuildDraft {
  name = $state('');
  tags = $state<string>(usual.tags);
  format = $state<Build['format']>('recipe');
  base = $state<string>(usual.base);
  recipe = $state('');
  archive = $state.raw<File>();
  result = $state<Build['result']>('snapshot');
  vcpus = $state(1);
  memoryMb = $state(512);
  healthcheck = $state('');
  skipPrePost = $state(false);
  noCache = $state(false);
  target = $state('');
  args = $state<Pair[]>([]);
  timeoutSec = $state<number>(usual.timeoutSec);
  stepTimeoutSec = $state<number>(usual.stepTimeoutSec);
  registry = $state({ host: '', username: '', password: '' });

  /** The same as an earlier build was asked for with, as far as that is known. */
  take(build: Build): void {
    this.name = build.name;
    this.tags = build.tags.join(', ');
    this.format = build.format;
    this.base = build.base_template;
    this.recipe = build.recipe;
    this.result = build.result;
    this.vcpus = build.vcpus;
    this.memoryMb = build.memory_mb;
    this.healthcheck = build.healthcheck ?? '';
  }

  /** What is asked for with it: of fields that have no meaning with the others nothing. */
  get asked(): NewBuild {
    const isRecipe = this.format === 'recipe';
    const tags = this.tags.split(/[\s,]+/).filter((tag) => tag !== '');
    const { host, username, password } = this.registry;
    return {
      name: this.name.trim(),
      ...(tags.length === 0 ? {} : { tags }),
      recipe: this.recipe,
      format: this.format,
      ...(isRecipe ? { base_template: this.base.trim(), skip_pre_post: this.skipPrePost } : {}),
      result: this.result,
      vcpus: this.vcpus,
      memory_mb: this.memoryMb,
      ...(this.result === 'snapshot' ? { healthcheck: this.healthcheck.trim() } : {}),
      no_cache: this.noCache,
      ...(this.target.trim() === '' ? {} : { target: this.target.trim() }),
      args: pairsRecord(this.args),
      timeout_sec: this.timeoutSec,
      step_timeout_sec: this.stepTimeoutSec,
      ...(host.trim() === '' ? {} : { credentials: { [host.trim()]: { username, password } } }),
    };
  }
}
