import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { auditVerifyCommand } from './audit-verify.ts';

export function auditCommand(context: CommandContext): Command {
  return new Command('audit')
    .summary('look after the audit log')
    .description('Look after the audit log of the installation on this machine.')
    .enablePositionalOptions()
    .addCommand(auditVerifyCommand(context));
}
