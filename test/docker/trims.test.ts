import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKnowledge } from '../../generators/app/planning/knowledge.ts';
import type { SitePackagesTrims } from '../../generators/app/planning/site-packages-trims.ts';
import { renderScript } from '../scripts/rendered-script.ts';
import { ROOT, answerOf, engine, mustRun, run } from './docker.ts';

const MINUTES = 60_000;
const IMAGE = 'backendai-trims:trimmed';
const PYTHON = 'python:3.11-slim-trixie';
const RULES = 'tests,translations,sources,stubs,symbols,languages,botocore,googleapis,duplicates';
const OWN = join(import.meta.dirname, 'trims');

const { packages } = JSON.parse(readFileSync(join(OWN, 'packages.json'), 'utf8')) as {
  packages: { pypi: string; requirement: string; use: string[] }[];
};
const table = readKnowledge<SitePackagesTrims>('site-packages-trims');
const { uv } = readKnowledge<{ uv: { image: string; version: string } }>('container-images');

const DOCKERFILE = `FROM ${PYTHON}
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt,sharing=locked \\
    rm -f /etc/apt/apt.conf.d/docker-clean \\
    && apt-get update && apt-get install --yes --no-install-recommends libgomp1
COPY requirements.txt trim_environment.py use_packages.py check_environment.py packages.json /
WORKDIR /opt/venv/lib/python3.11/site-packages
# One layer, so that what is trimmed is not written twice.
RUN --mount=type=bind,from=${uv.image}:${uv.version},source=/uv,target=/bin/uv \\
    --mount=type=cache,target=/root/.cache/uv \\
    python -m venv --without-pip /opt/venv \\
    && uv pip install --link-mode copy --only-binary :all: --python /opt/venv/bin/python -r /requirements.txt \\
    && find * -type f > /files-before.txt \\
    && cd / && mv /opt/venv /full \\
    && python /trim_environment.py /full --output /opt/venv --rules ${RULES} \\
        --languages de --aws-services s3,sqs --google-apis drive.v3 \\
    && rm -rf /full
`;

interface Summary {
  rules: { rule: string; files: number; bytes: number; packages: Record<string, number> }[];
  notes: string[];
}

/** As production runs: nothing can be written but /tmp, no privileges. Byte-code goes there, so that it takes less time. */
function inContainer(command: string[]): string {
  const options = ['--rm', '--read-only', '--tmpfs', '/tmp', '--user', '10001:10001', '--cap-drop', 'ALL'];
  const variables = [
    'HOME=/tmp',
    'PYTHONPYCACHEPREFIX=/tmp/pyc',
    'OMP_NUM_THREADS=1',
    'OPENBLAS_NUM_THREADS=1',
  ].flatMap((text) => ['--env', text]);
  return answerOf(ROOT, 'docker', ['run', ...options, ...variables, IMAGE, ...command]);
}

describe.skipIf(engine === null)(
  'a trimmed environment, on a Docker engine',
  { timeout: 10 * MINUTES },
  () => {
    let folder: string;
    const summary = (): Summary => JSON.parse(inContainer(['cat', '/opt/venv/trimmed.json'])) as Summary;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'backendai-trims-'));
      writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE);
      const requirements = packages.map(({ requirement }) => `${requirement}\n`).join('');
      writeFileSync(join(folder, 'requirements.txt'), requirements);
      writeFileSync(join(folder, 'trim_environment.py'), renderScript('trim_environment.py'));
      for (const name of ['use_packages.py', 'check_environment.py', 'packages.json'])
        copyFileSync(join(OWN, name), join(folder, name));
      mustRun(folder, 'docker', ['build', '--tag', IMAGE, '.']);
    }, 10 * MINUTES);
    afterAll(() => {
      run(ROOT, 'docker', ['image', 'rm', '--force', IMAGE]);
      rmSync(folder, { recursive: true });
    });

    it('has every package of the table without what its row names', () => {
      const { rules } = summary();
      const saved = (rule: string): Record<string, number> =>
        rules.find((row) => row.rule === rule)?.packages ?? {};
      for (const rule of ['tests', 'sources'] as const)
        for (const { pypi } of [...table[rule].packages, ...(rule === 'sources' ? table.sources.linked : [])])
          expect(saved(rule)[pypi], `${rule} ${pypi}`).toBeGreaterThan(0);
      const names = rules.map(({ rule }) => rule);
      expect(names).toEqual(RULES.split(','));
      for (const { rule, bytes } of rules) expect(bytes, rule).toBeGreaterThan(1_000_000);
    });

    it('runs all of its packages', () => {
      const answers = inContainer(['/opt/venv/bin/python', '/use_packages.py'])
        .split('\n')
        .map((line) => JSON.parse(line) as { pypi: string; error: string });
      expect(answers.filter(({ error }) => error !== '')).toEqual([]);
      expect(answers.map(({ pypi }) => pypi)).toEqual(packages.map(({ pypi }) => pypi));
    });

    it('imports nothing that went, and its metadata lists what is there', () => {
      const found = JSON.parse(
        inContainer(['/opt/venv/bin/python', '/check_environment.py', '/files-before.txt']),
      ) as { gone: number; read: number };
      expect(found).toMatchObject({ broken: [], missing: [], changed: [] });
      expect(found.gone).toBeGreaterThan(3000);
      expect(found.read).toBeGreaterThan(1000);
    });

    it('has only the services and languages that were named', () => {
      const program = [
        'import boto3, django, json, os',
        'folder = os.path.join(os.path.dirname(django.__file__), "conf/locale")',
        'services = boto3.Session().get_available_services()',
        'print(json.dumps([services, sorted({name.split("_")[0] for name in os.listdir(folder) if "." not in name})]))',
      ].join('\n');
      expect(JSON.parse(inContainer(['/opt/venv/bin/python', '-c', program]))).toEqual([
        ['s3', 'signin', 'sqs', 'sso', 'sso-oidc', 'sts'],
        ['de', 'en'],
      ]);
    });
  },
);
