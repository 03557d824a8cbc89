// Puts itself first, and prints what the kernel says of its session then.
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { putThisProcessFirst } from '../put-first.ts';

putThisProcessFirst(pino({ level: 'silent' }));
process.stdout.write(readFileSync('/proc/self/autogroup', 'utf8'));
