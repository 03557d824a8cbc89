// What Node does by itself: a request's body into the file that its path names, and a file into an answer. Started as a
// process of its own, with the folder as its argument; prints its port.
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const [folder = ''] = process.argv.slice(2);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = join(folder, request.url ?? '');
  if (request.method === 'POST') {
    await pipeline(request, createWriteStream(path));
    response.end();
    return;
  }
  response.setHeader('content-length', statSync(path).size);
  await pipeline(createReadStream(path), response);
}

const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : '');
});
