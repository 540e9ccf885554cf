import { formatDiff } from '../../generators/app/regeneration/format-diff.ts';
import { LOCK_FILE, readLock } from '../../generators/app/regeneration/lock-file.ts';
import { hasMarkers } from '../../generators/app/regeneration/merge-file.ts';
import { CONFLICT_CHOICES } from '../../generators/app/regeneration/plan-changes.ts';
import { EXISTING_CHOICES } from '../../generators/app/regeneration/existing-files.ts';
import { changesSomething, differencesOf } from '../../generators/app/regeneration/run-outcome.ts';
import { ANSWERS_FILE, ANSWERS_KEY } from '../../generators/app/regeneration/stored-answers.ts';
import {
  BrokenRule,
  checkFiles,
  checkLock,
  checkSame,
  rule,
  type CleanMerge,
  type Count,
} from './history-checks.ts';
import { editText, resolveMarkers } from './history-edits.ts';
import type { Project, World } from './history-project.ts';
import { Random, hashOf } from './history-random.ts';
import { ASKS_NOTHING, type Renderings } from './history-renderings.ts';
import { OWN_FILES, runOn, versionText, type Disk, type Run, type RunOptions } from './history-run.ts';

/** Where and how a history takes place. */
export interface Stage {
  /** Of this history: it repeats everything. */
  seed: string;
  world: World;
  renderings: Renderings;
  count: Count;
  /** Takes down what happens. */
  log(line: string): void;
}

type Terminal = NonNullable<RunOptions['terminal']>;

/** Files of the user's from before the first run. */
const OWN_BEFORE: Readonly<Record<string, string>> = {
  Dockerfile: 'FROM python:3.11\nWORKDIR /code\nCOPY . /code\nRUN pip install -r requirements.txt\n',
  '.dockerignore': '.git\n*.csv\nnotes/\n\n# mine\nmedia\n',
  'compose.yaml': 'services:\n  web:\n    build: .\n  db:\n    image: postgres:16\n',
  'compose.dev.yaml': 'services:\n  web:\n    command: sleep infinity\n',
  '.env.example': '# Mine\nSECRET_KEY=change-me\nOTHER=1\nexport THIRD=3\n',
  '.env': 'SECRET_KEY=my-own\nOTHER=1\n',
  'DOCKER.md': '# How we build\n\nAsk Anna.\n',
  'SUPABASE_SETUP.md': '# Supabase\n\nOur project is in Frankfurt.\n',
  'docker/gunicorn.conf.py': 'workers = 3\n',
  'docker/requirements.txt': 'gunicorn\n',
  'docker-compose.yml': 'services:\n  web:\n    build: .\n',
  'docker/notes.txt': 'Not of the generator.\n',
};

/** One history: a project, runs of the generator, and what happens in between. */
export class History {
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #disk: Disk = new Map();
  readonly #merges: CleanMerge[] = [];
  #project: Project;
  #version = 0;
  #tokens = 0;
  /** Errors that may come of what was damaged. */
  #damage: RegExp[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#random = new Random(stage.seed);
    this.#project = stage.world.project;
  }

  /** @returns the clean merges of all runs */
  async play(): Promise<CleanMerge[]> {
    if (this.#random.chance(0.45)) this.#ownFiles();
    const steps = this.#random.pick([3, 3, 3, 3, 3, 4, 5, 6]);
    for (let step = 0; step < steps; step += 1) {
      if (step > 0) this.#events();
      await this.#step(step);
    }
    this.#count('histories');
    return this.#merges;
  }

  #count(name: string, times = 1): void {
    this.#stage.count(name, times);
  }

  #happens(what: string, counted: string | null = null): void {
    this.#stage.log(what);
    if (counted !== null) this.#count(counted);
  }

  /** A line of the user's. */
  readonly #own = (): string => {
    this.#tokens += 1;
    return this.#random.chance(0.8)
      ? `# [user ${this.#tokens}]`
      : `    OWN_${this.#tokens}=[user ${this.#tokens}]`;
  };

  #ownFiles(): void {
    for (const [path, text] of this.#random.sample(Object.entries(OWN_BEFORE), this.#random.between(1, 4))) {
      this.#disk.set(path, text);
      this.#happens(`the user has ${path}`, 'files before the first run');
      if (path !== '.env') for (let edits = this.#random.below(3); edits > 0; edits -= 1) this.#edit(path);
    }
  }

  #events(): void {
    const random = this.#random;
    if (random.chance(0.5)) this.#changeProject();
    if (random.chance(0.15)) this.#changeProject();
    if (random.chance(0.3)) {
      this.#version += 1;
      this.#happens(`templates of version ${this.#version}`, 'template upgrades');
    }
    for (let files = random.below(5); files > 0; files -= 1) this.#userActs();
    if (random.chance(0.07)) this.#damageLock();
    if (random.chance(0.06)) this.#touchAnswers();
    if (random.chance(0.08)) this.#touchEnv();
  }

  #changeProject(): void {
    const toggle = this.#random.pick(this.#stage.world.toggles);
    this.#project = toggle.apply(this.#project);
    this.#happens(`project: ${toggle.name}`, `project: ${toggle.name.split(' ')[0]}`);
  }

  /** What a user does to one of the files. */
  #userActs(): void {
    const random = this.#random;
    const there = OWN_FILES.filter((path) => this.#disk.has(path));
    if (there.length === 0) return;
    const path = random.pick(there);
    const kind = random.next();
    if (kind < 0.07) {
      this.#disk.delete(path);
      this.#happens(`the user deletes ${path}`, 'deleted by the user');
    } else if (kind < 0.11) {
      // Few names, because each new one must be detected anew.
      const count = [...this.#disk.keys()].filter((other) => other.startsWith('mine/')).length;
      const name = random.chance(0.3) ? `${path}.old` : `mine/${count}.txt`;
      if (this.#disk.has(name)) return;
      this.#disk.set(name, this.#disk.get(path) ?? '');
      this.#disk.delete(path);
      this.#happens(`the user renames ${path} to ${name}`, 'renamed by the user');
    } else if (kind < 0.15) {
      const absent = OWN_FILES.filter((other) => !this.#disk.has(other));
      if (absent.length === 0) return;
      const own = random.pick(absent);
      this.#disk.set(own, OWN_BEFORE[own] ?? `${this.#own()}\n`);
      this.#happens(`the user makes ${own}`, 'made by the user');
      this.#edit(own);
    } else {
      for (let edits = random.between(1, 3); edits > 0; edits -= 1) this.#edit(path);
    }
  }

  #edit(path: string): void {
    const [text, what] = editText(this.#disk.get(path) ?? '', this.#random, this.#own, {
      path,
      version: this.#version + 1,
    });
    this.#disk.set(path, text);
    this.#happens(`the user edits ${path}: ${what}`, `edit: ${what}`);
    this.#count(`edited: ${path}`);
  }

  #damageLock(): void {
    const text = this.#disk.get(LOCK_FILE);
    if (text === undefined) return;
    const kind = this.#random.pick(['gone', 'cut', 'Git’s markers', 'CRLF', 'newer', 'outside'] as const);
    this.#happens(`the lock: ${kind}`, `lock: ${kind}`);
    switch (kind) {
      case 'gone':
        this.#disk.delete(LOCK_FILE);
        break;
      case 'cut':
        this.#disk.set(LOCK_FILE, text.slice(0, this.#random.below(text.length)));
        break;
      case 'Git’s markers':
        this.#disk.set(LOCK_FILE, `<<<<<<< HEAD\n${text}=======\n>>>>>>> other\n`);
        break;
      case 'CRLF':
        this.#disk.set(LOCK_FILE, text.replaceAll('\n', '\r\n'));
        break;
      case 'newer':
        this.#disk.set(LOCK_FILE, text.replace(/"0\.1\.\d+"/, '"0.2.0"'));
        this.#damage.push(/which is newer than this/);
        break;
      case 'outside':
        this.#disk.set(LOCK_FILE, text.replace('"files": {', '"files": {\n"../outside": ["x"],'));
        this.#damage.push(/not a path inside the project/);
    }
  }

  #touchAnswers(): void {
    const text = this.#disk.get(ANSWERS_FILE);
    if (text === undefined) return;
    const kind = this.#random.pick(['gone', 'broken', 'indented', 'another generator'] as const);
    this.#happens(`the answers: ${kind}`, `answers: ${kind}`);
    switch (kind) {
      case 'gone':
        this.#disk.delete(ANSWERS_FILE);
        break;
      case 'broken':
        this.#disk.set(ANSWERS_FILE, text.slice(0, this.#random.between(1, text.length - 3)));
        this.#damage.push(/is not valid JSON/);
        break;
      case 'indented':
        this.#disk.set(ANSWERS_FILE, JSON.stringify(JSON.parse(text), null, '\t'));
        break;
      case 'another generator':
        this.#disk.set(
          ANSWERS_FILE,
          JSON.stringify({ 'generator-other': { a: this.#tokens }, ...(JSON.parse(text) as object) }),
        );
    }
  }

  #touchEnv(): void {
    const text = this.#disk.get('.env');
    const kind = this.#random.pick(['API_TOKEN=mine', 'ALLOWED_HOSTS=mine.example.org', 'gone', 'CRLF']);
    this.#happens(`.env: ${kind}`, 'edits of .env');
    if (kind === 'gone') this.#disk.delete('.env');
    else if (text === undefined) this.#disk.set('.env', 'SECRET_KEY=mine');
    else if (kind === 'CRLF') this.#disk.set('.env', text.replaceAll(/\r?\n/g, '\r\n'));
    else this.#disk.set('.env', `${text}\n${kind}`);
  }

  /** Answers by hash, so that the same run asked again gets the same. */
  #terminal(step: number): Terminal {
    // Few styles, because each makes other projects of the same ones.
    const style = this.#random.pick([0, 0, 1]);
    const all = this.#random.chance(0.25);
    const key = `${style} ${all}`;
    const word = <Word>(path: string, words: readonly Word[]): Word => {
      const chosen = words[hashOf(`${this.#stage.seed} ${step} ${path}`) % words.length];
      if (chosen === undefined) throw new Error('no words');
      return chosen;
    };
    return {
      key,
      all,
      answer: ({ kind, name }, initial, choices) => {
        this.#count('questions');
        if (style === 0 || choices.length === 0) return initial;
        const turn = (value: string): number => hashOf(`${key} ${name} ${value}`);
        if (kind === 'select') return choices[turn('') % choices.length];
        if (kind === 'checkbox') return choices.filter((value) => turn(value) % 3 > 0);
        return initial;
      },
      overlap: (path) => word(path, CONFLICT_CHOICES),
      existing: (path) => word(path, EXISTING_CHOICES),
    };
  }

  /** One run, perhaps cut short and finished by another, and the same again. */
  async #step(step: number): Promise<void> {
    const random = this.#random;
    const way = random.next();
    const absent = OWN_FILES.filter((path) => step > 0 && !this.#disk.has(path));
    const options: RunOptions = {
      version: this.#version,
      commandLine: random.chance(step === 0 ? 0.6 : 0.35) ? random.pick(this.#stage.world.options) : {},
      terminal: way < 0.2 ? this.#terminal(step) : null,
      restore: random.chance(0.06) ? [random.pick(absent.length > 0 ? absent : OWN_FILES)] : [],
      ...(way >= 0.2 && way < 0.9
        ? { onConflict: random.pick(CONFLICT_CHOICES), onExisting: random.pick(EXISTING_CHOICES) }
        : {}),
    };
    this.#happens(`run ${step}: ${JSON.stringify(options)}`);
    const answers = otherAnswers(this.#disk);
    const finished = random.chance(0.15) ? await this.#cut(step, options) : await this.#run(step, options);
    rule(
      otherAnswers(this.#disk) === answers || this.#damage.length > 0,
      'answers of others changed',
      answers,
    );
    this.#damage = [];
    // Whoever leaves the markers is refused the next time.
    if (this.#marked().length > 0 && random.chance(0.2)) return;
    this.#resolveMarkers();
    if (finished) await this.#again();
  }

  /** A run that may be refused for a reason, which is then mended. */
  async #run(step: number, options: RunOptions): Promise<Run> {
    let current = options;
    for (let times = 0; times < 10; times += 1) {
      const before = new Map(this.#disk);
      const marked = this.#marked();
      const result = await runOn(this.#disk, this.#project, current, this.#stage.renderings);
      if (result.kind === 'run') {
        const known = (path: string): boolean =>
          result.rendered.has(path) || result.lock?.files[path] !== undefined;
        rule(!marked.some(known), 'not refused, though markers are left', marked.join(', '));
        this.#checked(before, result);
        return result;
      }
      checkSame(before, this.#disk, 'refused, and something was written');
      const { message } = result.error;
      this.#happens(`refused: ${message}`);
      if (message.startsWith('Conflict markers of an earlier run')) {
        rule(marked.length > 0, 'refused for markers that are not there', message);
        this.#count('refused: markers');
        this.#resolveMarkers();
      } else if (/--on-conflict/.test(message)) {
        rule(current.terminal === null && current.onConflict === undefined, 'refused though told', message);
        this.#count('refused: overlaps');
        current = { ...current, terminal: { ...this.#terminal(step), all: false } };
      } else if (message.startsWith('--restore: ')) {
        rule((current.restore ?? []).length > 0, 'refused to restore what nobody restores', message);
        current = { ...current, restore: [] };
      } else if (this.#damage.some((expected) => expected.test(message))) {
        this.#count('refused: damage');
        this.#disk.delete(message.startsWith(LOCK_FILE) ? LOCK_FILE : ANSWERS_FILE);
      } else throw new BrokenRule(`refused without a reason: ${message}`);
    }
    throw new BrokenRule('refused again and again');
  }

  /** What must hold after a run. */
  #checked(before: Disk, run: Run): void {
    this.#count('runs');
    if (run.finishes) this.#count('runs after one that was cut short');
    if (run.mayBeEdited) this.#count('runs without a usable lock');
    if (run.drift.length > 0) this.#count('runs with drift');
    for (const { action, path } of run.outcome.changes) {
      this.#count(`action: ${action}`);
      this.#stage.log(`  ${action} ${path}`);
    }
    this.#merges.push(...checkFiles(before, this.#disk, run, this.#stage.count));
    if (run.done < run.outcome.steps.length) return;
    checkLock(before, this.#disk, run);
    for (const path of run.restore) {
      if (!run.rendered.has(path)) continue;
      rule(this.#disk.has(path), 'not restored', path);
      if (!before.has(path) && run.lock?.files[path] !== undefined) this.#count('restored');
    }
  }

  /** A run that is cut short somewhere, and the next one. */
  async #cut(step: number, options: RunOptions): Promise<Run> {
    const start = new Map(this.#disk);
    // Often right after the beginning or before the end, where it is decided what counts.
    const few = this.#random.below(3);
    const part = this.#random.next();
    const cutAfter = this.#random.pick([
      () => few,
      (steps: number) => steps - 1 - few,
      (steps: number) => Math.floor(part * steps),
    ]);
    const cut = await this.#run(step, { ...options, cutAfter });
    const all = cut.outcome.steps.length;
    if (cut.done === all) return cut;
    this.#happens(`cut after ${cut.done} of ${all} steps`, 'cuts');
    if (cut.done > 0) this.#count('cuts after the first step');
    const state = readLock(this.#disk.get(LOCK_FILE), versionText(this.#version));
    if (state.kind === 'usable' && state.lock.pending) this.#count('cuts with a pending lock');
    const marked = this.#marked().length > 0;
    const answersAreStored = this.#disk.get(ANSWERS_FILE) !== start.get(ANSWERS_FILE);
    const next: RunOptions = answersAreStored
      ? { ...options, commandLine: {}, terminal: options.terminal && { ...options.terminal, all: false } }
      : options;
    if (marked || this.#random.chance(0.3)) {
      if (this.#random.chance(0.5)) this.#changeProject();
      for (let files = this.#random.below(3); files > 0; files -= 1) this.#userActs();
      return this.#run(step, next);
    }
    // At once, the end is the same as without the cut.
    const whole = new Map(start);
    const uncut = await runOn(whole, this.#project, options, this.#stage.renderings);
    const finished = await this.#run(step, next);
    if (uncut.kind === 'run') {
      this.#count('cuts that were finished at once');
      checkSame(whole, this.#disk, 'cut and finished, the end is another');
    }
    return finished;
  }

  /** The same run again writes nothing, asks nothing and has no news. */
  async #again(): Promise<void> {
    const before = new Map(this.#disk);
    const fails = (what: string) => (): never => {
      throw new BrokenRule(`asked again: ${what}`);
    };
    const result = await runOn(
      this.#disk,
      this.#project,
      {
        version: this.#version,
        commandLine: {},
        terminal: {
          key: ASKS_NOTHING,
          all: false,
          answer: ({ name }) => fails(name)(),
          overlap: (path) => fails(`overlap in ${path}`)(),
          existing: (path) => fails(`existing ${path}`)(),
        },
      },
      this.#stage.renderings,
    );
    if (result.kind === 'refused') throw new BrokenRule(`refused again: ${result.error.message}`);
    const news = result.drift.map(({ sign, thing, news: text }) => `${sign} ${thing} ${text}`);
    rule(news.length === 0, 'news of an unchanged project', news.join('; '));
    const differences = differencesOf(result.outcome, {
      text: (path) => before.get(path),
      exists: (path) => before.has(path),
      sha256: () => undefined,
    });
    const shown = differences.map((file) => formatDiff(file, { colour: false }));
    const own = result.outcome.ownChanges.map(({ path, text }) => ({
      path,
      before: before.get(path),
      after: text,
    }));
    shown.push(...own.map((file) => formatDiff(file, { colour: false })));
    const written = result.outcome.steps.map(({ path }) => path);
    rule(written.length === 0, 'written again', [written.join(', '), ...shown].join('\n'));
    rule(differences.length === 0 && !changesSomething(result.outcome), 'would be changed again', '');
    checkSame(before, this.#disk, 'other bytes again');
    this.#count('runs again without a change');
  }

  #marked(): string[] {
    return OWN_FILES.filter((path) => {
      const text = this.#disk.get(path) ?? '';
      return /^\uFEFF?(?:<{7}|\|{7}|>{7}) /m.test(text) && hasMarkers(text);
    });
  }

  #resolveMarkers(): void {
    for (const path of this.#marked()) {
      this.#disk.set(path, resolveMarkers(this.#disk.get(path) ?? '', this.#random, this.#own));
      this.#happens(`the user resolves the markers in ${path}`, 'markers resolved');
    }
  }
}

/** What `.yo-rc.json` holds for other generators. */
function otherAnswers(disk: Disk): string {
  try {
    const data = JSON.parse(disk.get(ANSWERS_FILE) ?? '{}') as Record<string, unknown>;
    delete data[ANSWERS_KEY];
    return JSON.stringify(data);
  } catch {
    return 'broken';
  }
}
