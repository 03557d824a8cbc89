import { parseJson } from '@wrenn/core';
import { z } from 'zod';
import type { Colors } from '../output/colors.ts';

const verdict = z.object({
  chains: z.int(),
  entries: z.int(),
  forgotten: z.int(),
  wrong: z.int(),
  findings: z.array(
    z.object({
      team: z.string(),
      what: z.enum(['missing', 'altered', 'put_in', 'chain']),
      number: z.int(),
      id: z.string().optional(),
      detail: z.string(),
    }),
  ),
});
/** What came of looking at the audit log; printed as JSON as it is. */
export type Verdict = z.output<typeof verdict>;
type Finding = Verdict['findings'][number];

/** From what the control plane's program reported. */
export function verdictFrom(facts: Readonly<Record<string, string>>): Verdict {
  return verdict.parse(parseJson(facts['verdict'] ?? ''));
}

export function verdictLines(found: Verdict, { red, green }: Colors): string[] {
  const { chains, entries, forgotten, wrong, findings } = found;
  const looked = `${entries} entries of ${chains} ${chains === 1 ? 'team' : 'teams'}`;
  return [
    ...findings.map((finding) => `${red(words[finding.what])} ${placeOf(finding)}: ${finding.detail}`),
    ...(wrong > findings.length ? [`and ${wrong - findings.length} more`] : []),
    wrong === 0
      ? green(`${looked} are as they were written.`)
      : `${looked}: ${red(`${wrong} things are wrong`)}.`,
    ...(forgotten === 0 ? [] : [`Of ${forgotten} entries it was forgotten whom they name, as it should be.`]),
  ];
}

const words: Readonly<Record<Finding['what'], string>> = {
  missing: 'missing',
  altered: 'altered',
  put_in: 'put in ',
  chain: 'the end',
};

function placeOf({ team, number, id }: Finding): string {
  return `${team} ${number}${id === undefined ? '' : ` (${id})`}`;
}
