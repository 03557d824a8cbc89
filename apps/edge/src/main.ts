import { parseConfig, startLogLevel } from '@wrenn/core';
import { runService } from '@wrenn/service';
import { settings } from './config.ts';
import { serve } from './serve.ts';

await runService('edge', startLogLevel(settings, process.env), (context) =>
  serve(parseConfig(settings, process.env), context),
);
