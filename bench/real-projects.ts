/**
 * `npm run bench:projects -- --projects DIR [--list FILE] [--only NAME] [--output FILE] [--keep-images]`
 *
 * How many real Django projects go from default answers to a healthy container, with no file edited by hand.
 * DIR holds one folder per project, named `owner+name`. Of each project a copy is generated into, built, started with
 * its database, probed and removed; a failure never stops the others.
 * Needs Docker and the folders. Exit code 1 when a project fails.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tryProject, type ProjectResult, type RealProject } from './try-project.ts';

const USAGE =
  'Usage: npm run bench:projects -- --projects DIR [--list FILE] [--only NAME] [--output FILE] [--keep-images]';

/** Markdown: one line a project, with what had to be given and where it stopped. */
export function resultTable(results: readonly ProjectResult[]): string {
  const rows = results.map((result) => [
    result.name,
    result.passed ? 'yes' : `no: ${result.failedStep ?? ''}`,
    result.steps.probe?.detail ?? '',
    result.imageBytes === null ? '' : (result.imageBytes / 1e6).toFixed(0),
    result.buildSeconds === null ? '' : result.buildSeconds.toFixed(0),
    result.ownChecks ?? '',
    [...result.options, ...Object.keys(result.environment)].join(' ') || 'nothing',
  ]);
  const head = ['project', 'passed', 'probe', 'image MB', 'build s', 'verify_image.py', 'given by hand'];
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      projects: { type: 'string' },
      list: { type: 'string' },
      only: { type: 'string', multiple: true },
      output: { type: 'string' },
      'keep-images': { type: 'boolean' },
    },
  });
  if (values.projects === undefined) {
    console.error(USAGE);
    return 1;
  }
  // npm runs scripts in the package's folder; a path is meant relative to where the user stands.
  const base = process.env['INIT_CWD'] ?? process.cwd();
  const folder = resolve(base, values.projects);
  const list = values.list ? resolve(base, values.list) : join(import.meta.dirname, 'real-projects.json');
  const { projects } = JSON.parse(readFileSync(list, 'utf8')) as { projects: RealProject[] };
  const unknown = (values.only ?? []).filter((name) => !projects.some((project) => project.name === name));
  if (unknown.length > 0) {
    console.error(
      `${list} has no project ${unknown.join(', ')}. It has: ${projects.map(({ name }) => name).join(', ')}.`,
    );
    return 1;
  }
  const results: ProjectResult[] = [];
  const chosen = projects.filter(({ name }) => values.only?.includes(name) ?? true);
  for (const [index, project] of chosen.entries()) {
    console.log(`\n== ${index + 1}/${chosen.length} ${project.name} (${project.repository})`);
    const source = join(folder, project.repository.replace('/', '+'));
    results.push(
      await tryProject(project, source, {
        keepImages: values['keep-images'] === true,
        onStep: (name, step) =>
          console.log(
            `${step.passed ? 'ok  ' : 'FAIL'} ${name.padEnd(9)} ${step.seconds.toFixed(1).padStart(6)} s  ${step.detail}`,
          ),
      }),
    );
    const failed = results.at(-1)?.error;
    if (failed) console.log(failed.replaceAll(/^/gm, '     '));
  }
  const passed = results.filter((result) => result.passed).length;
  console.log(`\n${resultTable(results)}\n\n${passed} of ${results.length}`);
  if (values.output !== undefined) {
    const output = resolve(base, values.output);
    if (!existsSync(dirname(output))) mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, `${JSON.stringify({ passed, of: results.length, results }, null, 2)}\n`);
    console.log(`Written: ${output}`);
  }
  return passed === results.length ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
