import type { Colors } from '../output/colors.ts';
import { formatDuration } from '../output/duration.ts';

/** What a person needs to know of a Wrenn that has just come up. */
export interface Summary {
  readonly apiUrl: string;
  readonly edgeUrl: string;
  readonly apiKey: string;
  readonly apiKeyFile: string;
  /** As long as the password that it was made with is good. */
  readonly admin: { readonly email: string; readonly passwordFile: string } | undefined;
  /** `kvm` or `emulated`, as the agent says it. */
  readonly isolation: string;
  readonly logDirectory: string;
  /** What the self-test's capsule printed. */
  readonly greeting: string;
  readonly ms: number;
}

export function summaryLines(summary: Summary, colors: Colors): string[] {
  const { bold, dim, green, cyan, yellow } = colors;
  const emulated =
    'emulated: no boundary against hostile code, since this machine cannot run guests with KVM';
  return [
    '',
    `  ${green(summary.greeting)}`,
    '',
    `  ${bold('Wrenn is up')} after ${formatDuration(summary.ms)}`,
    '',
    `  Dashboard  ${cyan(summary.apiUrl)}`,
    `  API        ${cyan(summary.apiUrl)}  ${dim(`(described at ${summary.apiUrl}/docs)`)}`,
    `  Capsules   ${cyan(summary.edgeUrl)}`,
    `  API key    ${summary.apiKey}  ${dim(`(in ${summary.apiKeyFile})`)}`,
    ...(summary.admin === undefined
      ? []
      : [`  Admin      ${summary.admin.email}  ${dim(`(password in ${summary.admin.passwordFile})`)}`]),
    `  Isolation  ${summary.isolation === 'emulated' ? yellow(emulated) : summary.isolation}`,
    `  Logs       ${summary.logDirectory}`,
    '',
    `  Next:  ${bold('npx wrenn run -- uname -a')}   in another terminal`,
    `  ${dim('Ctrl-C stops Wrenn and pauses its capsules; after the next start they can be resumed.')}`,
    '',
  ];
}
