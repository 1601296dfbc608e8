import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { promise } from '../promises.ts';
import { wireForTest } from '../wire/for-test.ts';
import { say, text } from '../wire/reply.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const certificate = join(fixtures, 'model.example.cert.pem');

/** model.example over TLS, which only the proxy knows how to reach. */
async function secureModel(): Promise<{ url: string; proxy: string; asked: string[] }> {
  const wire = await wireForTest(() => say(text('Hello.')));
  const key = readFileSync(join(fixtures, 'model.example.key.pem'));
  const secure = createTlsServer({ key, cert: readFileSync(certificate) }, (socket) => {
    const plain = connect(Number(new URL(wire.url).port), '127.0.0.1');
    socket.pipe(plain).pipe(socket);
    for (const end of [socket, plain]) end.on('error', () => end.destroy());
  });
  const securePort = await listening(secure);
  const asked: string[] = [];
  const proxy = createServer((_, response) => response.writeHead(405).end());
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const onward = connect(securePort, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => end.destroy());
  });
  return {
    url: `https://model.example:${securePort}`,
    proxy: `http://127.0.0.1:${await listening(proxy)}`,
    asked,
  };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function ask(
  url: string,
  env: Record<string, string>,
): Promise<{ stop: string; error?: { message: string } }> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(fixtures, 'ask.ts'), url], {
    env: { PATH: process.env['PATH'], ...env },
  });
  return JSON.parse(stdout) as { stop: string };
}

promise(
  'model.proxy',
  'the model is reached through the proxy, with the certificate that the machine was told of',
  async () => {
    const { url, proxy, asked } = await secureModel();
    const reply = await ask(url, { HTTPS_PROXY: proxy, NODE_EXTRA_CA_CERTS: certificate });
    expect(reply).toEqual({ stop: 'end_turn' });
    expect(asked).toEqual([new URL(url).host]);
  },
);

test('a certificate that nobody vouches for is refused, and the remedy is named', async () => {
  const { url, proxy } = await secureModel();
  const reply = await ask(url, { HTTPS_PROXY: proxy });
  expect(reply.error?.message).toMatch(
    /certificate of model\.example:\d+ can't be checked \(.*NODE_EXTRA_CA_CERTS/,
  );
});

test('without the proxy, the model is not found', async () => {
  const { url } = await secureModel();
  const reply = await ask(url, { NODE_EXTRA_CA_CERTS: certificate });
  expect(reply.error?.message).toMatch(/model\.example:\d+ can't be reached/);
});
