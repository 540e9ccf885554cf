import { spawnSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeManyApps } from './many-apps.ts';

/** A project that images are built of. */
export interface BenchProject {
  name: string;
  title: string;
  /** The package with settings.py and wsgi.py. */
  package: string;
  /** What the seed's Dockerfile copies into its image. */
  folders: readonly string[];
  /** The file that a change of code is made in. */
  changed: string;
  /** Pages that are asked for; the first one is the first response. */
  pages: readonly string[];
  /** Modules whose first import is timed; none: not timed. */
  imports: readonly string[];
  /** Writes the project into a folder. */
  write: (folder: string) => void;
}

const SOURCES = join(import.meta.dirname, 'projects');
const MEGABYTE = 1_000_000;

/** The AI packages; `/ai/` uses each of them. */
const AI_MODULES = [
  'lightgbm',
  'sklearn.cluster',
  'scipy.optimize',
  'scipy.sparse',
  'scipy.stats',
  'pandas',
  'cv2',
  'onnxruntime',
  'openai',
  'supabase',
];

const TRIED_OUT: Readonly<Record<string, string>> = {
  apps: 'from django.apps import AppConfig\n\n\nclass Tried(AppConfig):\n    name = "tried"\n',
  models: 'from django.db import models\n\n\nclass Tried(models.Model):\n    name = models.TextField()\n',
  views: 'from django.http import HttpResponse\n\n\ndef tried(request):\n    return HttpResponse("tried")\n',
  urls: 'from django.urls import path\n\nfrom . import views\n\nurlpatterns = [path("", views.tried)]\n',
};

export const PROJECTS: readonly BenchProject[] = [
  {
    name: 'plain',
    title: 'Plain Django',
    package: 'shop',
    folders: ['shop', 'catalog'],
    changed: 'catalog/views.py',
    pages: ['/', '/admin/login/'],
    imports: [],
    write: (folder) => {
      cpSync(join(SOURCES, 'plain'), folder, { recursive: true });
      commitAll(folder);
    },
  },
  {
    name: 'ai',
    title: 'AI backend',
    package: 'backendAI',
    folders: ['backendAI', 'apps', 'core'],
    changed: 'apps/ai/views.py',
    pages: ['/', '/admin/login/', '/ai/'],
    imports: AI_MODULES,
    write: (folder) => {
      cpSync(join(SOURCES, 'ai'), folder, { recursive: true });
      commitAll(folder);
      // Small apps that were tried out, with what they recorded: Python that the project does not import.
      for (let index = 0; index < 10; index += 1)
        for (const module of ['__init__', 'apps', 'models', 'views', 'urls']) {
          const file = join(folder, `testing_apps/part${index}/${module}.py`);
          mkdirSync(dirname(file), { recursive: true });
          writeFileSync(file, module === '__init__' ? '' : (TRIED_OUT[module] ?? ''));
        }
      writeFileSync(join(folder, 'testing_apps/__init__.py'), '');
      writeBulk(join(folder, 'testing_apps'), 'capture', 150 * MEGABYTE);
      writeBulk(join(folder, 'tests'), 'fixture', 50 * MEGABYTE);
      writeFileSync(join(folder, 'tests/__init__.py'), '');
      writeFileSync(
        join(folder, 'tests/test_home.py'),
        'from django.test import SimpleTestCase\n\n\nclass HomeTest(SimpleTestCase):\n    def test_home(self):\n        self.assertEqual(self.client.get("/").status_code, 200)\n',
      );
      // Tracked, as real ones are, but without a second copy of the bulk in .git.
      git(folder, ['add', '--intent-to-add', '.']);
      writeBulk(join(folder, '.git/objects/pack'), 'tmp_pack_', 100 * MEGABYTE, 25 * MEGABYTE);
    },
  },
  {
    name: 'large',
    title: 'Large, 60 apps',
    package: 'erp',
    folders: ['erp', 'modules'],
    changed: 'modules/app07/views.py',
    pages: ['/', '/admin/login/', '/app07/'],
    imports: [],
    write: (folder) => {
      writeManyApps(folder);
      commitAll(folder);
    },
  },
];

/**
 * Files that no compression makes smaller, the same in each run.
 * @param folder is made, with a subfolder for each ten files
 */
function writeBulk(folder: string, name: string, bytes: number, each = 1.5 * MEGABYTE): void {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, name.slice(0, 1)), Buffer.alloc(16));
  const zeros = Buffer.alloc(each);
  for (let index = 0; index * each < bytes; index += 1) {
    const size = Math.min(each, bytes - index * each);
    const file = join(folder, name.startsWith('tmp_') ? '' : `part${index % 10}`, `${name}${index}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, cipher.update(zeros.subarray(0, size)));
  }
}

function commitAll(folder: string): void {
  writeFileSync(join(folder, '.gitignore'), '.env\n__pycache__/\nstaticfiles/\n');
  git(folder, ['init', '--quiet', '--initial-branch', 'main']);
  git(folder, ['add', '--all']);
  git(folder, ['commit', '--quiet', '--message', 'A project to build images of']);
}

/** Git with an author and a date of its own, so that each run makes the same commit. */
function git(folder: string, args: readonly string[]): void {
  const date = '2026-01-01T00:00:00Z';
  const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'commit.gpgSign=false'];
  const { status, stderr } = spawnSync('git', [...who, '-C', folder, ...args], {
    encoding: 'utf8',
    env: { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
  });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
}
