import { parseConfig, startLogLevel, WrennError } from '@wrenn/core';
import { runService, runTask } from '@wrenn/service';
import { settings } from './config.ts';
import { doctor } from './doctor/command.ts';
import { serveRelay } from './relay/serve-relay.ts';
import { selftest } from './selftest/selftest.ts';
import { serve } from './serve.ts';
import { setUp } from './set-up.ts';

const level = startLogLevel(settings, process.env);
const config = () => parseConfig(settings, process.env);
const [command = 'serve'] = process.argv.slice(2);

switch (command) {
  case 'serve':
    await runService('host-agent', level, (context) => serve(config(), context));
    break;
  case 'relay':
    await runService('relay', level, (context) => serveRelay(config(), context));
    break;
  case 'setup':
    await runTask('host-agent', level, (context) => setUp(config(), context));
    break;
  case 'selftest':
    await runTask('host-agent', level, (context) => selftest(config(), context));
    break;
  case 'doctor':
    await doctor(config);
    break;
  default:
    throw new WrennError(
      'invalid_request',
      `there is no command ${command}: serve, relay, setup, selftest or doctor`,
    );
}
