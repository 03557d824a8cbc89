import { createServer } from 'node:http';
import { wallClockNs } from '@wrenn/sys';
import { version } from './version.ts';

wallClockNs();
createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.statusCode = request.url === '/health' ? 200 : 404;
  response.end(JSON.stringify({ version }));
}).listen(Number(process.argv[3] ?? 49983), '0.0.0.0');
