import { parseConfig } from '@wrenn/core';
import { runService } from '@wrenn/service';
import { settings } from './config.ts';
import { serve } from './serve.ts';

const config = parseConfig(settings, process.env);
await runService('edge', config.logLevel, (context) => serve(config, context));
