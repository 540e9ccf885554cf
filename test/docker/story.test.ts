import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ROOT,
  answerOf,
  engine,
  eventually,
  generatedProject,
  mustRun,
  publishedPort,
  removeLeftovers,
  removeProject,
  request,
  run,
  useComposeProject,
} from './docker.ts';

const MINUTES = 60_000;
const IMAGE = 'backendai-story';

/** The story of the README: a project grows, its Docker files have been edited by hand, one run brings all in. */
describe.skipIf(engine === null)('a project that grows', { timeout: 15 * MINUTES }, () => {
  let folder: string;
  let report: string;

  const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
  const replace = (path: string, from: string, to: string): void => {
    const text = read(path);
    if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
    writeFileSync(join(folder, path), text.replace(from, to));
  };

  beforeAll(() => {
    useComposeProject('backendai-test-story');
    folder = generatedProject(join(ROOT, 'sample/backendai'), [
      ...['--database', 'postgres', '--image-name', IMAGE],
    ]);
    removeLeftovers(folder);

    // By hand, in the files that were generated.
    replace(
      'Dockerfile',
      'FROM compiled AS production\n',
      'FROM compiled AS production\nLABEL org.opencontainers.image.vendor="Acme"\nENV TZ=Europe/Berlin\n',
    );
    replace('compose.yaml', 'mem_limit: ${WEB_MEMORY:-1g}', 'mem_limit: 700m');
    replace(
      'compose.yaml',
      '    pids_limit: 512\n',
      '    pids_limit: 512\n    labels:\n      team: payments\n',
    );

    // The project: an app, a dependency that needs a library, Celery.
    cpSync(join(import.meta.dirname, 'story'), folder, { recursive: true });
    replace('backendAI/settings/base.py', '    "core",\n', '    "core",\n    "billing",\n');
    replace(
      'backendAI/urls.py',
      '    path("admin/"',
      '    path("billing/", include("billing.urls")),\n    path("admin/"',
    );
    appendFileSync(
      join(folder, 'backendAI/settings/base.py'),
      '\nCELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/0")\n',
    );
    writeFileSync(join(folder, 'backendAI/__init__.py'), 'from backendAI.celery import app as celery_app\n');
    appendFileSync(join(folder, 'requirements.txt'), 'celery[redis]==5.7.0\npython-magic==0.4.27\n');

    report = mustRun(folder, process.execPath, [join(ROOT, 'dist/bin/backendai-docker.js'), '--defaults']);
  });

  afterAll(() => {
    run(folder, 'docker', ['compose', 'down', '--volumes', '--remove-orphans']);
    run(folder, 'docker', ['rmi', `${IMAGE}:prod`]);
    removeProject(folder);
  });

  it('is told what changed, with where it was read', () => {
    expect(report).toMatch(/\+ app +billing: in INSTALLED_APPS +backendAI\/settings\/base\.py:\d+/);
    expect(report).toMatch(/\+ runtime library +libmagic1t64: opened at run time by python-magic/);
    expect(report).toMatch(/\+ service +worker: Celery in backendAI\/celery\.py:\d+/);
    expect(report).toMatch(/\+ service +redis: used in backendAI\/settings\/base\.py:\d+/);
    expect(report).toMatch(/merge +Dockerfile/);
    expect(report).toMatch(/merge +compose\.yaml/);
  });

  it('has everything new and every edit, without a conflict', () => {
    const dockerfile = read('Dockerfile');
    expect(dockerfile).toContain('COPY billing /app/billing/');
    expect(dockerfile).toContain('libmagic1t64');
    expect(dockerfile).toContain(
      'FROM compiled AS production\nLABEL org.opencontainers.image.vendor="Acme"\nENV TZ=Europe/Berlin\n',
    );
    const compose = read('compose.yaml');
    expect(compose).toContain('  worker:\n');
    expect(compose).toContain('  redis:\n');
    expect(compose).toContain('mem_limit: 700m');
    expect(compose).toContain('      team: payments\n');
    const again = mustRun(folder, process.execPath, [join(ROOT, 'dist/bin/backendai-docker.js'), '--check']);
    expect(again).toContain('Everything is up to date');
  });

  it('builds, boots and does the new work on the engine', async () => {
    mustRun(folder, 'docker', ['compose', 'up', '--build', '--detach', '--wait', '--wait-timeout', '180'], {
      WEB_PORT: '0',
    });
    const port = publishedPort(folder, 'web', 8000);
    const sent = await request(port, '/billing/send/');
    expect(sent.status, sent.body).toBe(200);
    const { id } = JSON.parse(sent.body) as { id: number };
    // The worker, over Redis, with libmagic, into PostgreSQL.
    const answer = await eventually(
      60,
      () => request(port, `/billing/${id}/`),
      ({ body }) => body.includes('application/pdf'),
    );
    expect(answer.status).toBe(200);
    const web = answerOf(folder, 'docker', ['compose', 'ps', '--quiet', 'web']);
    const inspect = JSON.parse(answerOf(folder, 'docker', ['inspect', web])) as [
      {
        HostConfig: { Memory: number };
        Config: { Labels: Record<string, string>; User: string; Env: string[] };
      },
    ];
    expect(inspect[0].HostConfig.Memory).toBe(700 * 1024 * 1024);
    expect(inspect[0].Config.Labels).toMatchObject({
      team: 'payments',
      'org.opencontainers.image.vendor': 'Acme',
    });
    expect(inspect[0].Config.Env).toContain('TZ=Europe/Berlin');
    expect(inspect[0].Config.User).toBe('10001:10001');
  });

  it('passes its own checks', () => {
    mustRun(folder, 'docker', ['compose', 'down', '--volumes']);
    mustRun(folder, 'python3', ['docker/verify_image.py']);
  });
});
