import ejs from 'ejs';
import { resolveAnswers, type ResolvedAnswers } from '../../generators/app/answers/resolve-answers.ts';
import type { AnswerName, Answers } from '../../generators/app/answers/answers.ts';
import type { Question } from '../../generators/app/answers/questions.ts';
import { detectProject } from '../../generators/app/detection/detect-project.ts';
import type { ProjectFacts } from '../../generators/app/detection/facts.ts';
import { memoryFiles } from '../../generators/app/detection/memory-files.ts';
import { withoutFiles } from '../../generators/app/detection/without-files.ts';
import { makePlan, type Surroundings } from '../../generators/app/planning/make-plan.ts';
import type { StoredName } from '../../generators/app/regeneration/stored-answers.ts';
import { renderFiles, type RenderedFile } from '../../generators/app/rendering/render-files.ts';
import { gitOf, projectFiles, type Project } from './history-project.ts';
import { hashOf } from './history-random.ts';

/** The templates are compiled once, not for every rendering. */
const compiled = new Map<string, ejs.TemplateFunction>();
ejs.render = ((template: string, data?: ejs.Data, options?: ejs.Options): string => {
  let known = compiled.get(template);
  if (!known) compiled.set(template, (known = ejs.compile(template, options) as ejs.TemplateFunction));
  return known(data);
}) as typeof ejs.render;

/** The key of a terminal where a question fails the test. */
export const ASKS_NOTHING = 'asks nothing';

/** What stands for every secret; it must be nowhere but in `.env`. */
export const SECRET = 'the-secret-that-only-env-may-hold';

/** Facts, with numbers that stand for what of them has a part in the answers, and in the plan. */
export interface NumberedFacts {
  facts: ProjectFacts;
  answering: number;
  planning: number;
}

type Ask = (question: Question, initial: unknown, choices: readonly string[]) => unknown;

/**
 * Detection, answers and rendering by the real functions, each done once for the same input: they take most of the
 * time and are not what is tried here.
 */
export class Renderings {
  #found = new Map<string, { reads: Map<string, string | undefined>; found: NumberedFacts }[]>();
  #numbers = new Map<string, number>();
  #answers = new Map<string, ResolvedAnswers>();
  #rendered = new Map<string, Map<string, RenderedFile>>();
  #texts = new Map<string, string>();
  readonly #random = (): string => SECRET;

  /**
   * Facts of a project and of what else lies on the disk. Two disks are the same if they have the same names and what
   * was read is the same.
   * @param hidden paths that detection does not see
   */
  facts(project: Project, disk: ReadonlyMap<string, string>, hidden: readonly string[]): NumberedFacts {
    const unseen = new Set(hidden);
    const visible = [...disk.keys()].filter((path) => !unseen.has(path)).toSorted();
    const key = JSON.stringify([project, visible]);
    const known = this.#found.get(key) ?? [];
    const same = known.find(({ reads }) => [...reads].every(([path, text]) => disk.get(path) === text));
    if (same) return same.found;
    const own = projectFiles(project);
    const files = memoryFiles('repo', { ...own, ...Object.fromEntries(disk) }, gitOf(project));
    const reads = new Map<string, string | undefined>();
    const traced = {
      ...files,
      read: (path: string): string | undefined => {
        if (own[path] === undefined) reads.set(path, disk.get(path));
        return files.read(path);
      },
    };
    const facts = detectProject(withoutFiles(traced, hidden));
    // What .env sets has no part in the plan: which variables it lacks is given.
    const { topLevel: _topLevel, ...others } = {
      ...facts,
      existing: { ...facts.existing, envFile: null, envNames: [] },
    };
    const found = {
      facts,
      answering: this.#numberOf(JSON.stringify(others)),
      planning: this.#numberOf(JSON.stringify([others, facts.topLevel])),
    };
    this.#found.set(key, [...known, { reads, found }]);
    return found;
  }

  #numberOf(text: string): number {
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    return number;
  }

  /**
   * @param stored what `.yo-rc.json` holds
   * @param ask answers a question; null where none may be asked
   */
  async answers(
    { facts, answering }: NumberedFacts,
    stored: Partial<Record<StoredName, unknown>>,
    commandLine: Partial<Record<AnswerName, string>>,
    ask: { answer: Ask; key: string; all: boolean } | null,
  ): Promise<ResolvedAnswers> {
    // What has no part in the answers.
    const { leave: _leave, lackingInEnv: _lacking, ...others } = stored;
    const keyOf = (asking: typeof ask): string =>
      JSON.stringify([answering, others, commandLine, asking?.key, asking?.all]);
    const key = keyOf(ask);
    const known = this.#answers.get(key);
    if (known) return known;
    const resolved = await resolveAnswers(facts, {
      commandLine,
      stored,
      askAnswered: ask?.all ?? false,
      ...(ask
        ? {
            ask: async (question, context, initial) =>
              ask.answer(
                question,
                initial,
                (question.choices?.(context) ?? []).map(({ value }) => value),
              ),
          }
        : {}),
    });
    this.#answers.set(key, resolved);
    // What was resolved without a question is so without a terminal, too.
    if (ask?.key === ASKS_NOTHING) this.#answers.set(keyOf(null), resolved);
    return resolved;
  }

  /** Every file as the templates of a version give it. */
  render(
    { facts, planning }: NumberedFacts,
    answers: Answers,
    surroundings: Surroundings,
    version: number,
  ): Map<string, RenderedFile> {
    const key = JSON.stringify([planning, answers, surroundings]);
    const versionKey = `${version} ${key}`;
    const known = this.#rendered.get(versionKey);
    if (known) return known;
    let plain = this.#rendered.get(key);
    if (!plain) {
      plain = renderFiles(makePlan(facts, answers, surroundings), this.#random);
      this.#rendered.set(key, plain);
    }
    const rendered = new Map(
      [...plain].map(([path, { file, text }]) => [
        path,
        { file, text: file.writeOnce ? text : this.#upgraded(version, path, text) },
      ]),
    );
    this.#rendered.set(versionKey, rendered);
    return rendered;
  }

  /** Many files have the same text whatever the answers are. */
  #upgraded(version: number, path: string, text: string): string {
    const key = `${version} ${path}\n${text}`;
    let upgraded = this.#texts.get(key);
    if (upgraded === undefined) {
      upgraded =
        version === 0
          ? shortened(path, text)
          : upgradedBy(version, path, this.#upgraded(version - 1, path, text));
      this.#texts.set(key, upgraded);
    }
    return upgraded;
  }
}

/** Long texts that are much the same for every project would only make each run slow. */
function shortened(path: string, text: string): string {
  const lines = text.split('\n');
  const [first, last] = path === 'DOCKER.md' ? [30, 30] : path.endsWith('.py') ? [14, 8] : [200, 200];
  return lines.length <= first + last ? text : [...lines.slice(0, first), ...lines.slice(-last)].join('\n');
}

/**
 * A text of the version before as the templates of this version would give it: some lines changed, added and dropped.
 * A line's own text decides whether it is concerned, so that the same lines change whatever the project is.
 */
export function upgradedBy(version: number, path: string, text: string): string {
  const chance = 10 + (hashOf(`${path} ${version}`) % 60);
  const lines = text
    .split('\n')
    .slice(0, -1)
    .flatMap((line, index) => {
      if (line.trim() === '') return [line];
      const name = `v${version}-${hashOf(line) % 10_000}`;
      switch (hashOf(`${line} ${version}`) % chance) {
        case 0:
          return [`${line} v${version}`];
        case 1:
          return [line, `# new: ${name}`];
        case 2:
          return index === 0 ? [line] : [];
        case 3:
          return [`# new block: ${name}`, `echo ${name}`, '', line];
        case 4:
          return [`# before: ${name}`, line];
        default:
          return [line];
      }
    });
  // No template ends with a blank line.
  while (lines.at(-1) === '') lines.pop();
  const wholeFile = hashOf(`${version} of ${path}`) % 12;
  if (wholeFile === 0) lines.push(`# last line of v${version}`);
  if (wholeFile === 1) lines.unshift(`# first line of v${version}`);
  return `${lines.join('\n')}\n`;
}
