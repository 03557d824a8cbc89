import { CommanderError } from 'commander';
import type { CommandContext } from './context.ts';
import { describeFault } from './describe-fault.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { colorsFor } from './output/colors.ts';
import { buildProgram } from './program.ts';

const context: CommandContext = {
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  colors: colorsFor(process.stdout, process.env),
  exit: (code) => {
    process.exitCode = code;
  },
};
// A reader that goes away is noticed by the commands that it matters to; for the others the output is lost.
process.stdout.on('error', () => undefined);

try {
  await buildProgram(context).parseAsync(process.argv);
} catch (caught) {
  // When the clean-up after a fault failed too, what matters is the fault that came first.
  const thrown = caught instanceof SuppressedError ? caught.suppressed : caught;
  if (thrown instanceof CommanderError) {
    process.exitCode = thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else {
    process.exitCode = exitCodeOf(thrown);
    process.stderr.write(
      `${colorsFor(process.stderr, process.env).red('wrenn:')} ${describeFault(thrown)}\n`,
    );
  }
}
