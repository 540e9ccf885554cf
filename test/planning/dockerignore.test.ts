import dockerignore from '@balena/dockerignore';
import { describe, expect, it } from 'vitest';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { matchesPattern } from '../../generators/app/glob.ts';
import {
  dockerignoreNotes,
  dockerignoreSections,
  lostToDockerignore,
} from '../../generators/app/planning/dockerignore.ts';

const facts = detectProject(
  memoryFiles('shop', {
    'manage.py': "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    'shop/__init__.py': '',
    'shop/settings.py':
      'from pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\nMEDIA_ROOT = BASE_DIR / "media"\n',
    'shop/wsgi.py': 'application = None\n',
    'CHANGELOG.md': '# Changes',
    'notes.md': '',
    'venv2/pyvenv.cfg': '',
  }),
);

const ignored = (copied: string[]): ((path: string) => boolean) => {
  const patterns = dockerignoreSections(facts, copied).flatMap((section) => section.patterns);
  const matcher = (dockerignore as unknown as typeof dockerignore.default)().add(patterns);
  return (path) => matcher.ignores(path);
};

describe('dockerignoreSections', () => {
  it('keeps what is copied although a pattern would catch it', () => {
    expect(ignored(['shop'])('CHANGELOG.md')).toBe(true);
    const withChangelog = ignored(['shop', 'CHANGELOG.md']);
    expect(withChangelog('CHANGELOG.md')).toBe(false);
    expect(withChangelog('notes.md')).toBe(true);
  });

  it('keeps uploads, environments, secrets and history out', () => {
    for (const path of [
      'media/photo.jpg',
      'venv2/bin/python',
      '.env',
      'shop/.env.local',
      '.git/HEAD',
      'a/db.sqlite3',
    ]) {
      expect(ignored(['shop'])(path), path).toBe(true);
    }
    expect(ignored(['shop'])('.env.example')).toBe(false);
  });
});

describe('matchesPattern', () => {
  it.each([
    ['a.md', '*.md', true],
    ['docs/a.md', '*.md', false],
    ['docs/a.md', '**/*.md', true],
    ['a.md', '**/*.md', true],
    ['pytest-django', 'pytest-*', true],
    ['a+b(1).md', 'a+b(1).md', true],
    ['aab1.md', 'a+b(1).md', false],
  ])('%s by %s: %s', (path, pattern, expected) => {
    expect(matchesPattern(path, pattern)).toBe(expected);
  });
});

describe('lostToDockerignore', () => {
  it.each([
    ['static\n', ['static', 'apps'], [{ path: 'static', pattern: 'static', line: 1 }]],
    ['*\n!apps\n', ['static', 'apps'], [{ path: 'static', pattern: '*', line: 1 }]],
    [
      '# c\r\ndocs\r\n**/requirements*.txt\r\n',
      ['requirements.txt'],
      [{ path: 'requirements.txt', pattern: '**/requirements*.txt', line: 3 }],
    ],
    ['static\n!static\n', ['static'], []],
    ['static\n!static\nstatic\n', ['static'], [{ path: 'static', pattern: 'static', line: 3 }]],
  ])('%j keeps from %j: %j', (text, copied, lost) => {
    expect(lostToDockerignore(text, copied)).toEqual(lost);
  });

  it('is said with line, pattern and remedy', () => {
    expect(dockerignoreNotes('static\n', ['static'])).toEqual([
      '.dockerignore:1 keeps static out of the build (static), and the Dockerfile copies it: take the line out, or add !static after it.',
    ]);
  });
});
