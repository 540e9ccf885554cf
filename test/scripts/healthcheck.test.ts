import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type Constants, type Outcome, renderScript, runPython, temporaryFolder } from './rendered-script.ts';

/** A server that gives every client the same answer; null: it never answers. */
async function serve(answer: string | null): Promise<{ port: number; requests: string[] }> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      requests.push(data.toString());
      if (answer !== null) socket.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { port: typeof address === 'object' && address ? address.port : 0, requests };
}

async function check(
  port: number,
  options: { constants?: Constants; env?: Record<string, string>; edit?: (text: string) => string } = {},
): Promise<Outcome> {
  const text = renderScript('healthcheck.py', options.constants);
  const folder = temporaryFolder({ 'healthcheck.py': options.edit ? options.edit(text) : text });
  const env = { HEALTHCHECK_PATH: '', ...options.env, PORT: String(port) };
  return runPython(['-S', join(folder, 'healthcheck.py')], { env });
}

const answerWith = (status: string): string => `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`;

it.each(['200 OK', '302 Found', '400 Bad Request', '404 Not Found'])('is healthy: %s', async (status) => {
  const { port } = await serve(answerWith(status));
  expect(await check(port)).toEqual({ code: 0, stdout: '', stderr: '' });
});

it.each(['500 Internal Server Error', '502 Bad Gateway', '503 Service Unavailable'])(
  'is unhealthy: %s',
  async (status) => {
    const { port } = await serve(answerWith(status));
    const stdout = `unhealthy: status ${status.slice(0, 3)} for /\n`;
    expect(await check(port)).toEqual({ code: 1, stdout, stderr: '' });
  },
);

it('is unhealthy where nothing listens', async () => {
  const { code, stdout, stderr } = await check(1);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^unhealthy: no answer on port 1: .+\n$/);
  expect(stderr).toBe('');
});

it('is unhealthy where the server closes without an answer', async () => {
  const { port } = await serve('');
  expect(await check(port)).toMatchObject({ code: 1, stdout: expect.stringContaining('not an HTTP answer') });
});

it('is unhealthy where something else answers', async () => {
  const { port } = await serve('SSH-2.0-OpenSSH_9.2\r\n');
  expect(await check(port)).toMatchObject({ code: 1, stdout: expect.stringContaining("b'SSH-2.0") });
});

const impatient = (text: string): string => text.replace('TIMEOUT_SECONDS = 4', 'TIMEOUT_SECONDS = 0.3');

it('is unhealthy where no answer comes in time', async () => {
  const { port } = await serve(null);
  expect(await check(port, { edit: impatient })).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('timed out'),
  });
});

it('gives up before Docker does', () => {
  expect(renderScript('healthcheck.py')).toContain('TIMEOUT_SECONDS = 4\n');
});

it('asks as a proxy that terminates TLS, for a host that is allowed', async () => {
  const { port, requests } = await serve(answerWith('200 OK'));
  await check(port, { constants: { allowedHost: 'www.example.com', healthPath: '/livez' } });
  expect(requests[0]?.split('\r\n')).toEqual(
    expect.arrayContaining(['GET /livez HTTP/1.1', 'Host: www.example.com', 'X-Forwarded-Proto: https']),
  );
});

it('takes the path from HEALTHCHECK_PATH', async () => {
  const { port, requests } = await serve(answerWith('200 OK'));
  await check(port, { env: { HEALTHCHECK_PATH: '/other/' } });
  expect(requests[0]).toMatch(/^GET \/other\/ HTTP/);
});
