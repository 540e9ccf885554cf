import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ejs from 'ejs';
import type { Answers } from '../answers/answers.ts';
import { withoutLineNumbers } from '../detection/evidence.ts';
import type { ProjectFacts } from '../detection/facts.ts';
import { FOREIGN_PARAMETERS } from '../planning/supabase.ts';
import { IMAGE_ROOT, makePlan, type Surroundings } from '../planning/make-plan.ts';
import { packageRoot } from '../planning/knowledge.ts';
import { dependencyChange } from '../planning/dependency-change.ts';
import { installSteps, type RunStep } from '../planning/install-commands.ts';
import type { CopyGroup, EnvironmentVariable, Plan, TrimPlan } from '../planning/plan.ts';
import {
  commentText,
  composeString,
  composeValue,
  copyArguments,
  envInstructionValue,
  envValue,
  markdownCode,
  pythonLiteral,
  shellWord,
  workdirArgument,
} from '../planning/quoting.ts';
import type { OverlayItem } from '../planning/settings-overlay.ts';
import { optionalLibraryRows, sharedLibraryLines } from '../planning/shared-libraries.ts';
import { sitePackagesTrims } from '../planning/site-packages-trims.ts';
import { GENERATED_FILES, type GeneratedFile } from './files.ts';

export interface RenderedFile {
  file: GeneratedFile;
  text: string;
}

/**
 * Renders every file that the plan calls for.
 * @param plan all decisions
 * @param random makes a fresh secret for `.env`; tests pass a fixed one
 * @returns destination → text, in the table's order
 * @throws QuotingError where a name cannot be written into a format
 */
export function renderFiles(plan: Plan, random: () => string = randomSecret): Map<string, RenderedFile> {
  const data = templateData(plan, random);
  const rendered = new Map<string, RenderedFile>();
  for (const file of GENERATED_FILES) {
    if (!file.when(plan)) continue;
    rendered.set(file.destination, { file, text: renderTemplate(file.template, data) });
  }
  return rendered;
}

/**
 * Plans and renders a project.
 * @param surroundings what the run knows beside the repository and the answers
 * @throws QuotingError, DetectionError or AnswerError, as makePlan and renderFiles do
 */
export function renderProject(
  facts: ProjectFacts,
  answers: Answers,
  surroundings: Partial<Surroundings>,
): { plan: Plan; rendered: Map<string, RenderedFile> } {
  const plan = makePlan(facts, answers, surroundings);
  return { plan, rendered: renderFiles(plan) };
}

/** 50 URL-safe characters: long enough for Django's check, safe in URLs, shells and env files. */
export function randomSecret(): string {
  return randomBytes(40).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, 50);
}

/** A new RSA key in PEM format for an env file: Docker Compose reads \n between double quotes as a line break. */
function privateKey(): string {
  const { privateKey: pem } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return `"${pem.trim().replaceAll('\n', '\\n')}"`;
}

function renderTemplate(template: string, data: object): string {
  const filename = join(packageRoot(), 'templates', template);
  return ejs.render(readFileSync(filename, 'utf8'), data, {
    filename,
    strict: true,
    localsName: 'it',
    escape: String,
    // Otherwise the template's lines stand before the message of a name that cannot be written.
    compileDebug: false,
  });
}

/** The plan and the quoting of each format. */
function templateData(plan: Plan, random: () => string): object {
  const dependencyFiles = [...new Set([...plan.install.productionMounts, ...plan.install.developmentMounts])];
  return {
    plan,
    steps: installSteps(plan.install, plan.uvImage, plan.largePackages),
    files: GENERATED_FILES.filter((file) => file.when(plan)),
    // The stage below /opt/venv in production.
    runtimeStage: plan.base === 'distroless' || plan.unusedTools !== null ? 'runtime' : 'base',
    trimOptions: plan.trims ? trimOptions(plan.trims) : '',
    rootOptions: rootOptions(plan),
    // The RUN instruction of the stage runtime-packages; empty where there is none.
    runtimePackages:
      plan.base === 'alpine' || plan.runtimePackages.packages.length === 0
        ? ''
        : packageInstallation(plan.base, plan.runtimePackages.packages, COLLECT_CHANGES),
    // Whether the builder may need them: what a user chose may be for what no table knows.
    runtimePackagesFirst:
      plan.buildPackages.packages.length > 0 ||
      plan.runtimePackages.packages.some(({ reason }) => reason === 'chosen'),
    // One more line of an ENV instruction.
    pythonPath:
      plan.pythonPath.length === 0
        ? ''
        : ` \\\n    PYTHONPATH=${envInstructionValue(plan.pythonPath.join(':'))}`,
    rebuildPaths: dependencyFiles,
    developmentEnvironment: developmentEnvironment(plan),
    envSecret: (value: EnvironmentVariable['value']) =>
      value.kind === 'random'
        ? envValue(random())
        : value.kind === 'private-key'
          ? privateKey()
          : envValue(value.text),
    comment: prose,
    shell: shellWord,
    yaml: composeString,
    composeValue,
    workdir: workdirArgument,
    env: envValue,
    code: markdownCode,
    exec: (words: string[]) => `[${words.map((word) => JSON.stringify(word)).join(', ')}]`,
    copy: (group: CopyGroup) => copyArguments(group.sources, group.destination),
    copyPaths: copyArguments,
    run: runInstruction,
    installPackages: (packages: readonly { name: string }[]) => packageInstallation(plan.base, packages),
    buildValue: ({ value, command }: Plan['buildVariables'][number]) =>
      command === undefined ? shellWord(value) : `"$(${command})"`,
    overlayPlace: (item: OverlayItem) => {
      const place = plan.overlay?.places[item] ?? '';
      return place === '' ? '' : ` (${prose(place)})`;
    },
    script: (name: string) => scriptPath(plan, name),
    foreignParameters: FOREIGN_PARAMETERS,
    supabaseCertificate: () => readFileSync(join(packageRoot(), 'knowledge/supabase-ca.crt'), 'utf8'),
    python: pythonConstants(plan),
    entryPoint: plan.entryPoint,
  };
}

/** The options of docker/assemble_root.py, one a line. */
function rootOptions({ runtimePackages, volumes }: Plan): string {
  const options = [
    ...runtimePackages.packages.map(({ name }) => `--package ${name}`),
    ...volumes.map(({ path }) => `--owned-folder ${shellWord(path)}`),
  ];
  return options.map((option) => ` \\\n        ${option}`).join('');
}

/** The options of docker/trim_environment.py, for the exec form of RUN. */
function trimOptions({ rules, languages, awsServices }: TrimPlan): string {
  const options: [string, string[]][] = [
    ['--rules', rules],
    ['--languages', languages],
    ['--aws-services', awsServices],
  ];
  return options
    .filter(([, names]) => names.length > 0)
    .map(([name, names]) => `${JSON.stringify(name)}, ${JSON.stringify(names.join(','))}`)
    .join(', \\\n        ');
}

/** A comment or a sentence of a file that is kept. */
const prose = (text: string): string => commentText(withoutLineNumbers(text));

/** How a script of ours is named on the command line of a container. */
export function scriptPath({ workDir }: Plan, name: string): string {
  return `${workDir === IMAGE_ROOT ? '' : `${IMAGE_ROOT}/`}docker/${name}`;
}

/**
 * Commands around an installation that leave what it changed in /tmp/packages, with modes and times. Without what the
 * build itself mounts.
 */
const COLLECT_CHANGES = {
  before: ['touch /dev/shm/before'],
  after: [
    "find /etc /opt /usr /var -xdev -cnewer /dev/shm/before ! -path '/etc/host*' ! -path /etc/resolv.conf -fprint0 /dev/shm/changed",
    'mkdir /tmp/packages',
    'tar --create --file /tmp/changed.tar --no-recursion --null --files-from /dev/shm/changed',
    'tar --extract --file /tmp/changed.tar --directory /tmp/packages',
    'rm /tmp/changed.tar',
  ],
};

/** The RUN instruction that installs packages of the distribution. Downloads stay in a cache that no layer holds. */
function packageInstallation(
  base: Plan['base'],
  packages: readonly { name: string }[],
  around: { before: string[]; after: string[] } = { before: [], after: [] },
): string {
  const names = packages.map(({ name }) => ` \\\n        ${name}`).join('');
  if (base === 'alpine') return `# hadolint ignore=DL3018\nRUN apk add --no-cache${names}`;
  const mounts = [
    'type=cache,target=/var/cache/apt,sharing=locked',
    'type=cache,target=/var/lib/apt,sharing=locked',
    'type=tmpfs,target=/var/log',
  ];
  const commands = [
    ...around.before,
    'rm -f /etc/apt/apt.conf.d/docker-clean',
    'apt-get update',
    `apt-get install --yes --no-install-recommends${names}`,
    ...around.after,
  ];
  return `# hadolint ignore=DL3008\n${runInstruction({ comment: '', mounts, commands })}`;
}

/** RUN with its mounts and its commands, one a line. */
function runInstruction(step: RunStep): string {
  const network = step.network === undefined ? [] : [`--network=${step.network}`];
  const lines = [...network, ...step.mounts.map((mount) => `--mount=${mount}`), ''];
  const head = `RUN ${lines.join(' \\\n    ')}`;
  return `${head}${step.commands.join(' \\\n    && ')}`;
}

/** How one would install without any thought: the image to compare with. */
function naiveInstallCommand(install: Plan['install']): string {
  const root = install.root === '' ? '.' : install.root;
  const commands: Record<Plan['install']['manager'], string> = {
    requirements: `pip install -r ${shellWord(install.productionFile ?? 'requirements.txt')}`,
    uv: `pip install uv && uv sync --project ${shellWord(root)} --locked`,
    poetry: `pip install poetry && cd ${shellWord(root)} && poetry install --no-root && cd /app`,
    pdm: `pip install pdm && cd ${shellWord(root)} && pdm sync --prod --no-self && cd /app`,
    pylock: `pip install uv && uv pip install --system --requirement ${shellWord(install.productionFile ?? 'pylock.toml')}`,
    pipenv: `pip install pipenv && cd ${shellWord(root)} && pipenv install --system --deploy && cd /app`,
    pyproject: install.onlyGroups
      ? `pip install 'pip>=25.1' && cd ${shellWord(root)} && pip install${install.productionGroups.map((group) => ` --group ${shellWord(group)}`).join('')} && cd /app`
      : `pip install ./${shellWord(root)}`,
    setuptools: `pip install ./${shellWord(root)}`,
    none: 'true',
  };
  const extra = install.extraRequirements.length > 0 ? ' && pip install -r docker/requirements.txt' : '';
  return commands[install.manager] + extra;
}

/** DEBUG on and the debug server's hosts; everything else as in production. */
function developmentEnvironment(plan: Plan): { name: string; value: string }[] {
  const debug = plan.environment
    .flatMap((section) => section.variables)
    .find((variable) => /^(DJANGO_)?DEBUG$/.test(variable.name));
  const on = debug?.example === '0' ? '1' : 'True';
  return [
    ...(debug ? [{ name: debug.name, value: on }] : []),
    ...plan.composeEnvironment,
    // The debug server makes a thread for each request, and each would keep a place of the small pool.
    ...(plan.supabase ? [{ name: 'DB_CONN_MAX_AGE', value: '0' }] : []),
  ];
}

/** Literals for the constants at the top of the generated Python scripts. */
function pythonConstants(plan: Plan): Record<string, string> {
  const wrapped = plan.wrappedApplication;
  const values: Record<string, unknown> = {
    imageName: plan.imageName,
    composeProject: plan.composeProject,
    port: plan.port,
    healthPath: plan.healthPath,
    allowedHost: plan.allowedHost,
    staticUrl: plan.staticFiles.sampleFile === null ? null : plan.staticFiles.url,
    sampleStaticFile: plan.staticFiles.sampleFile,
    requirements: plan.importRequirements,
    forbiddenPaths: plan.forbiddenPaths,
    // A database that the settings name themselves is the user's: nothing may migrate it.
    database: plan.databaseReachable ? plan.database : 'external',
    settingsModule: plan.settingsModule,
    migrateCommands: plan.migrateCommands,
    usesVector: plan.usesVector,
    buildCommands: Object.fromEntries(
      plan.buildVariables.flatMap(({ name, command }) => (command === undefined ? [] : [[name, command]])),
    ),
    volumePaths: plan.volumes.map(({ path }) => path),
    projectModule: plan.overlay?.projectModule ?? plan.settingsModule,
    staticRoot: plan.staticFiles.root,
    buildVariables: Object.fromEntries(
      plan.buildVariables
        .filter(({ command }) => command === undefined)
        .map(({ name, value }) => [name, value]),
    ),
    // Its module is in the project.
    application: wrapped === null ? plan.application : `${wrapped.module}:${wrapped.name}`,
    wrappedModule: wrapped?.module ?? '',
    baseImage: plan.baseImage,
    // Its compilers come from Debian.
    naiveBase: plan.baseImage.replace(/-alpine.*$/, '-slim'),
    installCommand: naiveInstallCommand(plan.install),
    dependencyChange: dependencyChange(plan.install),
    server: plan.server,
    debianRelease: plan.debianRelease,
    runtimeLibraries: plan.runtimePackages.packages.map((item) => item.name),
    // The script's lines have at most 100 columns.
    optionalLibraries: optionalLibraryRows(84),
    debianLibraries: sharedLibraryLines(plan.debianRelease, 92),
    ...sitePackagesTrims(),
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, pythonLiteral(value)]));
}
