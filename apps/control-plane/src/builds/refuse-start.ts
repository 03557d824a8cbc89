import { WrennError } from '@wrenn/core';
import type { BuildRequest } from './build.ts';
import type { Recipe } from './recipe/instruction.ts';
import { recipeError } from './recipe/problems.ts';

const remedy = 'take it away, or let the result be a snapshot';

/**
 * Capsules of an image boot from its disk: nothing that ran while it was made runs in them, and a template that was asked
 * to run something and does not would be found out by its users. A Dockerfile's ENTRYPOINT, CMD and HEALTHCHECK say what a
 * container is for, and do nothing in `docker build` either: most have them, and these are passed over with a note.
 */
export function refuseStart(request: BuildRequest, { format, instructions }: Recipe): void {
  if (request.result !== 'image') return;
  if (request.healthcheck !== '') {
    throw new WrennError('invalid_request', 'healthcheck: nothing runs in an image that could be well', {
      field: 'healthcheck',
      remedy,
    });
  }
  if (format !== 'recipe') return;
  const problems = instructions
    .filter(({ kind }) => kind === 'start' || kind === 'healthcheck')
    .map(({ kind, position }) => {
      const message = `${kind.toUpperCase()} has no effect in an image, whose capsules begin with no processes`;
      return { ...position, message, remedy };
    });
  if (problems.length > 0) throw recipeError(problems);
}
