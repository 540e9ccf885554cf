import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { evaluate, renderScript, temporaryFolder } from './rendered-script.ts';

const MEBIBYTE = 1024 * 1024;

/** What the script makes of these control group files, on a machine with 64 CPUs. */
async function workers(
  cgroups: Record<string, string>,
  environment: Record<string, string> = {},
  reservedConnections: number | null = null,
) {
  const folder = temporaryFolder({
    ...Object.fromEntries(Object.entries(cgroups).map(([path, text]) => [join('cgroups', path), text])),
    'gunicorn.conf.py': renderScript('gunicorn.conf.py', { reservedConnections }),
  });
  const call = `script.worker_count(${JSON.stringify(environment)}, ${JSON.stringify(join(folder, 'cgroups'))})`;
  return evaluate(
    join(folder, 'gunicorn.conf.py'),
    `(setattr(os, "sched_getaffinity", lambda pid: range(64)), ${call})[1]`,
  );
}

describe('number of workers', () => {
  it.each([
    { name: 'cgroup v2, 2 CPUs', files: { 'cpu.max': '200000 100000\n' }, expected: 5 },
    { name: 'cgroup v2, half a CPU', files: { 'cpu.max': '50000 100000\n' }, expected: 2 },
    { name: 'cgroup v2, a tenth of a CPU', files: { 'cpu.max': '10000 100000\n' }, expected: 1 },
    {
      name: 'cgroup v1, 3 CPUs',
      files: { 'cpu/cpu.cfs_quota_us': '300000\n', 'cpu/cpu.cfs_period_us': '100000\n' },
      expected: 7,
    },
    {
      name: 'cgroup v1 without limits: the most that it starts',
      files: {
        'cpu/cpu.cfs_quota_us': '-1\n',
        'cpu/cpu.cfs_period_us': '100000\n',
        'memory/memory.limit_in_bytes': '9223372036854771712\n',
      },
      expected: 12,
    },
    {
      name: 'cgroup v2 without limits',
      files: { 'cpu.max': 'max 100000\n', 'memory.max': 'max\n' },
      expected: 12,
    },
    { name: 'no control groups', files: {}, expected: 12 },
    { name: 'cgroup v2, 512 MiB', files: { 'memory.max': `${512 * MEBIBYTE}\n` }, expected: 3 },
    {
      name: 'cgroup v1, 512 MiB',
      files: { 'memory/memory.limit_in_bytes': `${512 * MEBIBYTE}\n` },
      expected: 3,
    },
    { name: 'less memory than one worker takes', files: { 'memory.max': `${64 * MEBIBYTE}\n` }, expected: 1 },
    {
      name: 'the smaller of CPUs and memory',
      files: { 'cpu.max': '100000 100000\n', 'memory.max': `${1024 * MEBIBYTE}\n` },
      expected: 3,
    },
  ])('$name: $expected', async ({ files, expected }) => {
    expect(await workers(files)).toBe(expected);
  });

  it.each([
    { DB_POOL_SIZE: '15', reserved: 2, expected: 3 },
    { DB_POOL_SIZE: '15', reserved: 7, expected: 2 },
    { DB_POOL_SIZE: '15', GUNICORN_THREADS: '1', reserved: 2, expected: 12 },
    { DB_POOL_SIZE: '3', reserved: 2, expected: 1 },
    { DB_POOL_SIZE: '', reserved: 2, expected: 12 },
    { DB_POOL_SIZE: '15', WEB_CONCURRENCY: '9', reserved: 2, expected: 9 },
  ])('keeps below the pooler’s clients: %o', async ({ reserved, expected, ...environment }) => {
    expect(await workers({}, environment as Record<string, string>, reserved)).toBe(expected);
  });

  it('takes the memory of one worker from WORKER_MEMORY_MB', async () => {
    const files = { 'memory.max': `${1024 * MEBIBYTE}\n` };
    expect(await workers(files, { WORKER_MEMORY_MB: '500' })).toBe(2);
  });

  it('takes WEB_CONCURRENCY as it is', async () => {
    expect(await workers({ 'cpu.max': '400000 100000\n' }, { WEB_CONCURRENCY: '2' })).toBe(2);
    expect(await workers({ 'cpu.max': '100000 100000\n' }, { WEB_CONCURRENCY: '20' })).toBe(20);
    expect(await workers({ 'cpu.max': '100000 100000\n' }, { WEB_CONCURRENCY: '' })).toBe(3);
  });

  it('never counts CPUs that the process may not use', async () => {
    const folder = temporaryFolder({
      'cpu.max': '800000 100000\n',
      'gunicorn.conf.py': renderScript('gunicorn.conf.py'),
    });
    const count = `script.worker_count({}, ${JSON.stringify(folder)})`;
    const one = `(setattr(os, "sched_getaffinity", lambda pid: {0}), ${count})[1]`;
    expect(await evaluate(join(folder, 'gunicorn.conf.py'), one)).toBe(3);
  });
});

const settings = async (entryPoint: string, env: Record<string, string>): Promise<unknown> => {
  const folder = temporaryFolder({ 'gunicorn.conf.py': renderScript('gunicorn.conf.py', { entryPoint }) });
  const names = ['bind', 'worker_class', 'threads', 'control_socket_disable', 'timeout', 'graceful_timeout'];
  const list = names.map((name) => `"${name}": getattr(script, "${name}", None)`).join(', ');
  return evaluate(join(folder, 'gunicorn.conf.py'), `{${list}}`, env);
};

describe('settings', () => {
  it('serves WSGI with threads', async () => {
    expect(await settings('wsgi', { PORT: '', GUNICORN_THREADS: '' })).toEqual({
      bind: '0.0.0.0:8000',
      worker_class: 'gthread',
      threads: 4,
      control_socket_disable: true,
      timeout: 25,
      graceful_timeout: 25,
    });
  });

  it('takes port and threads from the environment', async () => {
    const found = await settings('wsgi', { PORT: '9000', GUNICORN_THREADS: '2' });
    expect(found).toMatchObject({ bind: '0.0.0.0:9000', threads: 2 });
  });

  it('serves ASGI with gunicorn’s own worker', async () => {
    expect(await settings('asgi', {})).toMatchObject({ worker_class: 'asgi', threads: null });
  });
});
