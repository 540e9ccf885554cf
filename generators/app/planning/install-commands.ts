import { posix } from 'node:path';
import { PUBLIC_INDEX_OPTION } from '../detection/dependencies/package-indexes.ts';
import type { InstallPlan } from './plan.ts';
import { QuotingError, shellWord } from './quoting.ts';

/** One RUN instruction: its mounts (without `--mount=`) and its commands, each already quoted for the shell. */
export interface RunStep {
  comment: string;
  /** `none`: the command fetches nothing. */
  network?: 'none';
  mounts: string[];
  commands: string[];
}

export interface InstallSteps {
  /** Stage `requirements`: a foreign lock exported to requirements files, and the large packages; empty when not needed. */
  exported: RunStep[];
  /** Stage `large-packages`, which the builder stands on; null when there are none. */
  large: RunStep | null;
  /** In the builder stage. */
  production: RunStep[];
  /** In the development stage, on top of the builder's environment. */
  development: RunStep[];
}

const ENVIRONMENT = '/opt/venv';
const PYTHON = `${ENVIRONMENT}/bin/python`;
export const EXTRA_FILE = 'docker/requirements.txt';
const EXPORT_FOLDER = '/requirements';
const EXPORTED_REQUIREMENTS = `${EXPORT_FOLDER}/production.txt`;
const LARGE_REQUIREMENTS = `${EXPORT_FOLDER}/large.txt`;
const EXPORT_SCRIPT = 'docker/export_requirements.py';

/** Takes the option that names PyPI itself out of what it reads. */
const WITHOUT_PUBLIC_INDEX = `sed -E ${shellWord(`s~${PUBLIC_INDEX_OPTION}~ ~g`)}`;

/** A bind mount of one file of the build context to the same relative path below the work dir of the stage. */
function bindMount(path: string): string {
  // A mount's options are one CSV record that the build expands variables in: what means something there is refused.
  if (/[,"'$\\\s]/.test(path)) {
    throw new QuotingError(
      `${JSON.stringify(path)} is a dependency file whose name a Dockerfile cannot mount: rename it to letters, digits, - _ . and /.`,
    );
  }
  return `type=bind,source=${path},target=${path}`;
}

/** ` --group a --group b` */
function options(name: string, values: readonly string[]): string {
  return values.map((value) => ` --${name} ${shellWord(value)}`).join('');
}

/**
 * Mounts of requirements files and the commands that come first: an option for PyPI itself would outdo the index that
 * the build is configured with, and the legacy address need not answer. `rw`: what is written is discarded.
 */
function requirementsFiles(
  files: readonly string[],
  publicIndexFiles: readonly string[],
): { mounts: string[]; commands: string[] } {
  const named = publicIndexFiles.filter((path) => files.includes(path));
  return {
    mounts: files.map((path) => (named.includes(path) ? `${bindMount(path)},rw` : bindMount(path))),
    commands: named.map(
      (path) =>
        `${WITHOUT_PUBLIC_INDEX} ${shellWord(path)} > /tmp/requirements.txt && cp /tmp/requirements.txt ${shellWord(path)}`,
    ),
  };
}

/** The mounts that uv needs in a RUN. */
const uvMountsOf = (install: InstallPlan, uvImage: string): string[] => [
  ...install.secretMounts,
  'type=cache,target=/root/.cache/uv',
  `type=bind,from=${uvImage},source=/uv,target=/usr/local/bin/uv`,
];

const toolMountsOf = (install: InstallPlan, uvImage: string): string[] =>
  install.installer === 'uv'
    ? uvMountsOf(install, uvImage)
    : [...install.secretMounts, 'type=cache,target=/root/.cache/pip'];

/** uv's option for a project that is not at the root of the repository. */
const projectOption = ({ root }: InstallPlan): string => (root === '' ? '' : `--project ${shellWord(root)} `);

const installCommandOf = ({ installer }: InstallPlan): string =>
  installer === 'uv' ? `uv pip install --python ${PYTHON}` : `pip --python ${PYTHON} install --no-compile`;

/**
 * The RUN instructions that install the project's requirements into /opt/venv.
 * @param install the installation's plan
 * @param uvImage image that uv's binary is mounted from
 * @param largePackages normalised names of what is installed before the others
 */
export function installSteps(
  install: InstallPlan,
  uvImage: string,
  largePackages: readonly string[],
): InstallSteps {
  const steps = allSteps(install, uvImage);
  if (largePackages.length === 0) return { ...steps, large: null };
  return {
    ...steps,
    exported: [...steps.exported, largeRequirements(install, uvImage, largePackages)],
    large: {
      comment: '',
      mounts: [
        ...toolMountsOf(install, uvImage),
        `type=bind,from=requirements,source=${LARGE_REQUIREMENTS},target=${LARGE_REQUIREMENTS}`,
      ],
      commands: [
        `python -m venv --without-pip ${ENVIRONMENT}`,
        `${installCommandOf(install)} --no-deps --requirement ${LARGE_REQUIREMENTS}`,
      ],
    },
  };
}

/** Options of a requirements file that say where packages come from. */
const INDEX_OPTIONS =
  '[[:space:]]*(--no-index|(-[if]|--(index-url|extra-index-url|find-links|trusted-host|only-binary|no-binary))([[:space:]]|=).*)';

/** Of requirements files, each line that pip reads: without comments, a line that goes on in the next one as one. */
const LOGICAL_LINES = [
  'FNR == 1 && line != "" { print line; line = "" }',
  '{ sub(/^\\357\\273\\277/, ""); sub(/\\r$/, "") }',
  '/^[ \\t]*#/ { if (line != "") print line; line = ""; next }',
  '/\\\\$/ { sub(/\\\\$/, " "); line = line $0; next }',
  '{ print line $0; line = "" }',
  'END { if (line != "") print line }',
].join(' ');

/**
 * Writes the lines of the large packages, each with its hashes, into a file of their own: as long as they are the
 * same, so is the layer. Options come first, because the first index that has a package counts; the packages are in
 * order, so that other lines may move.
 */
function largeRequirements(install: InstallPlan, uvImage: string, names: readonly string[]): RunStep {
  const exported = '/tmp/exported.txt';
  const mounts = install.productionMounts.map(bindMount);
  // Archives are mounted, too.
  const files = install.productionMounts.filter((path) => !/\.(whl|zip|tgz|tar\.\w+)$/i.test(path));
  const source: Record<
    'requirements' | 'uv' | 'exported',
    { mounts: string[]; export: string[]; files: string[] }
  > = {
    requirements: { mounts, export: [], files },
    uv: {
      mounts: [...uvMountsOf(install, uvImage), ...mounts],
      export: [
        `uv export ${projectOption(install)}--quiet --locked --no-emit-project --no-default-groups${productionSets(install)} > ${exported}`,
      ],
      files: [exported],
    },
    exported: { mounts: [], export: [], files: [EXPORTED_REQUIREMENTS] },
  };
  const from =
    source[install.manager === 'requirements' || install.manager === 'uv' ? install.manager : 'exported'];
  const anyName = names.map((name) => name.replaceAll('-', '[-_.]')).join('|');
  const pinned = `[[:space:]]*(${anyName})(\\[[^]]*\\])?[[:space:]]*==[[:space:]]*[0-9][0-9A-Za-z.+]*[[:space:]]*(;.*|[[:space:]]#.*|[[:space:]]--hash.*)?`;
  const matching = (expression: string, flags: string, to: string): string =>
    // 1: there is none.
    `{ grep ${flags} ${shellWord(`^${expression}$`)} /tmp/lines.txt > ${to} || test $? -eq 1; }`;
  return {
    comment: 'Large packages, for a layer that a new requirement leaves alone.',
    // uv asks the index whether its lock is up to date.
    ...(install.manager === 'uv' ? {} : { network: 'none' }),
    mounts: from.mounts,
    commands: [
      `mkdir -p ${EXPORT_FOLDER}`,
      ...from.export,
      `LC_ALL=C awk ${shellWord(LOGICAL_LINES)} ${from.files.map(shellWord).join(' ')} > /tmp/lines.txt`,
      ...(install.publicIndexFiles.length > 0 ? [`${WITHOUT_PUBLIC_INDEX} -i /tmp/lines.txt`] : []),
      matching(INDEX_OPTIONS, '-E', LARGE_REQUIREMENTS),
      matching(pinned, '-iE', '/tmp/pinned.txt'),
      `LC_ALL=C sort -u /tmp/pinned.txt >> ${LARGE_REQUIREMENTS}`,
    ],
  };
}

function allSteps(install: InstallPlan, uvImage: string): Omit<InstallSteps, 'large'> {
  const uvMounts = uvMountsOf(install, uvImage);
  const toolMounts = toolMountsOf(install, uvImage);
  const installCommand = installCommandOf(install);
  const extras = install.extraRequirements.length > 0;
  const extraCommand = `${installCommand} --requirement ${EXTRA_FILE}`;
  const withExtras = (step: RunStep): RunStep =>
    extras
      ? {
          ...step,
          mounts: [...step.mounts, bindMount(EXTRA_FILE)],
          commands: [...step.commands, extraCommand],
        }
      : step;

  switch (install.manager) {
    case 'none':
      return {
        exported: [],
        production: extras
          ? [
              {
                comment: 'No dependency file was found.',
                mounts: [...toolMounts, bindMount(EXTRA_FILE)],
                commands: [extraCommand],
              },
            ]
          : [],
        development: [],
      };
    case 'requirements': {
      const from = (file: string, more = ''): string =>
        `${installCommand}${more} --requirement ${shellWord(file)}`;
      const file = install.productionFile ?? 'requirements.txt';
      // uv checks the hashes that there are in any case; pip-compile leaves setuptools without one.
      const strict = install.hashed && !(install.withoutSetuptools && install.installer === 'uv');
      const hashes = strict ? ' --require-hashes' : '';
      // pip takes no package without a hash once one has it.
      const first =
        install.hashed && install.withoutSetuptools && install.installer === 'pip'
          ? [`${installCommand} setuptools`]
          : [];
      const production = requirementsFiles(install.productionMounts, install.publicIndexFiles);
      const development = requirementsFiles(install.developmentMounts, install.publicIndexFiles);
      return {
        exported: [],
        production: [
          withExtras({
            comment:
              production.commands.length === 0
                ? ''
                : `The index of the build counts, not the option for PyPI in ${install.publicIndexFiles.join(', ')}: the file itself stays as it is.`,
            mounts: [...toolMounts, ...production.mounts],
            commands: [...first, ...production.commands, from(file, hashes)],
          }),
        ],
        development: install.developmentFile
          ? [
              {
                comment: '',
                mounts: [...toolMounts, ...development.mounts],
                commands: [...development.commands, from(install.developmentFile)],
              },
            ]
          : [],
      };
    }
    case 'uv': {
      const mounts = [...uvMounts, ...install.productionMounts.map(bindMount)];
      const sync = `uv sync ${projectOption(install)}--locked --no-install-project --no-default-groups`;
      return {
        exported: [],
        production: [
          withExtras({
            comment: '',
            mounts,
            commands: [`${sync} --no-editable${productionSets(install)}`],
          }),
        ],
        // --inexact keeps what is there beyond the lock: server and driver from docker/requirements.txt.
        development: install.development
          ? [
              {
                comment: '',
                mounts,
                commands: [`${sync} --inexact${productionSets(install)}${developmentSets(install)}`],
              },
            ]
          : [],
      };
    }
    case 'pylock': {
      const mounts = [...uvMounts, ...install.productionMounts.map(bindMount)];
      // uv calls its reading of the format a preview, and warns without the option.
      const command = `${installCommand} --preview-features pylock --requirement ${shellWord(install.productionFile ?? 'pylock.toml')}${productionSets(install)}`;
      return {
        exported: [],
        production: [withExtras({ comment: '', mounts, commands: [command] })],
        development: install.development
          ? [{ comment: '', mounts, commands: [`${command}${developmentSets(install)}`] }]
          : [],
      };
    }
    case 'pyproject': {
      const mounts = [...uvMounts, ...install.productionMounts.map(bindMount)];
      const file = posix.join(install.root, 'pyproject.toml');
      const inFile = (groups: readonly string[]): string =>
        options(
          'group',
          groups.map((group) => `${file}:${group}`),
        );
      const project = install.onlyGroups ? '' : ` --requirement ${shellWord(file)}`;
      const added =
        (install.developmentExtras.length > 0
          ? `${project}${options('extra', install.developmentExtras)}`
          : '') + inFile(install.developmentGroups);
      return {
        exported: [],
        production: [
          withExtras({
            comment: '',
            mounts,
            commands: [
              `${installCommand}${project}${options('extra', install.productionExtras)}${inFile(install.productionGroups)}`,
            ],
          }),
        ],
        development: added ? [{ comment: '', mounts, commands: [`${installCommand}${added}`] }] : [],
      };
    }
    case 'poetry':
    case 'pdm':
    case 'pipenv':
    case 'setuptools':
      return exportedSteps(install, toolMounts, installCommand, withExtras);
  }
}

function productionSets(install: InstallPlan): string {
  return options('group', install.productionGroups) + options('extra', install.productionExtras);
}

function developmentSets(install: InstallPlan): string {
  return options('group', install.developmentGroups) + options('extra', install.developmentExtras);
}

function exportedSteps(
  install: InstallPlan,
  toolMounts: string[],
  installCommand: string,
  withExtras: (step: RunStep) => RunStep,
): Omit<InstallSteps, 'large'> {
  const tool = install.exporter?.tool ?? 'script';
  const packages = install.exporter?.packages ?? [];
  const production = EXPORTED_REQUIREMENTS;
  const development = `${EXPORT_FOLDER}/development.txt`;
  const fromExport = `type=bind,from=requirements,source=${EXPORT_FOLDER},target=${EXPORT_FOLDER}`;
  const setUp =
    packages.length === 0
      ? []
      : install.installer === 'uv'
        ? [
            'uv venv --quiet /opt/export',
            `uv pip install --python /opt/export/bin/python ${packages.join(' ')}`,
          ]
        : [
            'python -m venv --without-pip /opt/export',
            `pip --python /opt/export/bin/python install ${packages.join(' ')}`,
          ];
  const script = tool === 'script' || tool === 'poetry-core';
  const file = install.productionFile ?? 'The dependency file';
  return {
    exported: [
      {
        comment: script
          ? `${file} becomes requirements files, readable by ${install.installer}.`
          : `${file} becomes requirements files: the same versions and hashes, readable by ${install.installer}.`,
        mounts: [
          ...(packages.length === 0 ? [] : toolMounts),
          ...[...install.developmentMounts, ...(script ? [EXPORT_SCRIPT] : [])].map(bindMount),
        ],
        commands: [
          `mkdir ${EXPORT_FOLDER}`,
          ...setUp,
          ...exportCommands(install, tool, production, development),
        ],
      },
    ],
    production: [
      withExtras({
        comment: '',
        mounts: [...toolMounts, fromExport],
        commands: [`${installCommand} --requirement ${production}`],
      }),
    ],
    development: install.development
      ? [
          {
            comment: '',
            mounts: [...toolMounts, fromExport],
            commands: [`${installCommand} --requirement ${development}`],
          },
        ]
      : [],
  };
}

/** The commands that write both files. */
function exportCommands(
  install: InstallPlan,
  tool: NonNullable<InstallPlan['exporter']>['tool'],
  production: string,
  development: string,
): string[] {
  const { productionGroups, productionExtras, developmentGroups, developmentExtras } = install;
  const groups = [...productionGroups, ...developmentGroups];
  const extras = [...productionExtras, ...developmentExtras];
  switch (tool) {
    case 'poetry': {
      const command = `/opt/export/bin/poetry export${options('directory', install.root === '' ? [] : [install.root])}`;
      return [
        `${command} --only ${shellWord(['main', ...productionGroups].join(','))}${options('extras', productionExtras)} --output ${production}`,
        `${command}${options('with', groups)}${options('extras', extras)} --output ${development}`,
      ];
    }
    case 'pdm': {
      // With --prod there are extras only; a group that is named keeps the others out.
      const selected = (wantedGroups: readonly string[], wantedExtras: readonly string[]): string =>
        (wantedGroups.length === 0 ? ' --prod' : '') + options('group', [...wantedExtras, ...wantedGroups]);
      const command = `/opt/export/bin/pdm export${options('project', install.root === '' ? [] : [install.root])}`;
      return [
        'export PDM_CHECK_UPDATE=0 VIRTUAL_ENV=/opt/export',
        `${command}${selected(productionGroups, productionExtras)} --output ${production}`,
        `${command}${selected(groups, extras)} --output ${development}`,
      ];
    }
    case 'pipenv':
      return [
        ...(install.root === '' ? [] : [`cd ${shellWord(install.root)}`]),
        // It names PyPI as index, which would outdo the index that the build is configured with.
        `/opt/export/bin/pipenv requirements --hash > ${production}`,
        `/opt/export/bin/pipenv requirements --hash --dev > ${development}`,
        `${WITHOUT_PUBLIC_INDEX} -i ${production} ${development}`,
      ];
    case 'script':
    case 'poetry-core': {
      const python = tool === 'script' ? 'python' : '/opt/export/bin/python';
      const command = `${python} ${EXPORT_SCRIPT} ${shellWord(install.productionFile ?? 'setup.cfg')}`;
      return [
        `${command}${productionSets(install)} > ${production}`,
        `${command}${options('group', groups)}${options('extra', extras)} > ${development}`,
      ];
    }
  }
}
