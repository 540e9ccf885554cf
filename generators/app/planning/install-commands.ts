import { posix } from 'node:path';
import type { InstallPlan } from './plan.ts';
import { QuotingError, shellWord } from './quoting.ts';

/** One RUN instruction: its mounts (without `--mount=`) and its commands, each already quoted for the shell. */
export interface RunStep {
  comment: string;
  mounts: string[];
  commands: string[];
}

export interface InstallSteps {
  /** Stage `requirements`: a foreign lock exported to requirements files; empty when not needed. */
  exported: RunStep[];
  /** In the builder stage. */
  production: RunStep[];
  /** In the development stage, on top of the builder's environment. */
  development: RunStep[];
}

const ENVIRONMENT = '/opt/venv';
const PYTHON = `${ENVIRONMENT}/bin/python`;
const EXTRA_FILE = 'docker/requirements.txt';
const EXPORT_FOLDER = '/requirements';

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

/**
 * The RUN instructions that install the project's requirements into /opt/venv.
 * @param install the installation's plan
 * @param uvImage image that uv's binary is mounted from
 */
export function installSteps(install: InstallPlan, uvImage: string): InstallSteps {
  const uvMounts = [
    'type=cache,target=/root/.cache/uv',
    `type=bind,from=${uvImage},source=/uv,target=/usr/local/bin/uv`,
  ];
  const toolMounts = install.installer === 'uv' ? uvMounts : ['type=cache,target=/root/.cache/pip'];
  const installCommand =
    install.installer === 'uv'
      ? `uv pip install --python ${PYTHON}`
      : `pip --python ${PYTHON} install --no-compile`;
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
  const inRoot = install.root === '' ? '' : `--project ${shellWord(install.root)} `;

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
      const from = (file: string, options = ''): string =>
        `${installCommand}${options} --requirement ${shellWord(file)}`;
      const file = install.productionFile ?? 'requirements.txt';
      const hashes = install.hashed ? ' --require-hashes' : '';
      return {
        exported: [],
        production: [
          withExtras({
            comment: '',
            mounts: [...toolMounts, ...install.productionMounts.map(bindMount)],
            commands: [from(file, hashes)],
          }),
        ],
        development: install.developmentFile
          ? [
              {
                comment: '',
                mounts: [...toolMounts, ...install.developmentMounts.map(bindMount)],
                commands: [from(install.developmentFile)],
              },
            ]
          : [],
      };
    }
    case 'uv': {
      const mounts = [...uvMounts, ...install.productionMounts.map(bindMount)];
      const sync = `uv sync ${inRoot}--locked --no-install-project`;
      return {
        exported: [],
        production: [
          withExtras({ comment: '', mounts, commands: [`${sync} --no-default-groups --no-editable`] }),
        ],
        // --inexact keeps what is there beyond the lock: server and driver from docker/requirements.txt.
        development: install.development
          ? [{ comment: '', mounts, commands: [`${sync} --inexact${groupOptions(install)}`] }]
          : [],
      };
    }
    case 'pyproject': {
      const mounts = [...uvMounts, ...install.productionMounts.map(bindMount)];
      const file = posix.join(install.root, 'pyproject.toml');
      const groups = install.developmentGroups
        .map((group) => ` --group ${shellWord(`${file}:${group}`)}`)
        .join('');
      return {
        exported: [],
        production: [
          withExtras({
            comment: '',
            mounts,
            commands: [`${installCommand} --requirement ${shellWord(file)}`],
          }),
        ],
        development: groups ? [{ comment: '', mounts, commands: [`${installCommand}${groups}`] }] : [],
      };
    }
    case 'poetry':
    case 'pipenv':
      return exportedSteps(install, toolMounts, installCommand, withExtras);
  }
}

/** Groups beyond `dev`, which `uv sync` takes by itself. */
function groupOptions(install: InstallPlan): string {
  return install.developmentGroups
    .filter((group) => group !== 'dev')
    .map((group) => ` --group ${shellWord(group)}`)
    .join('');
}

function exportedSteps(
  install: InstallPlan,
  toolMounts: string[],
  installCommand: string,
  withExtras: (step: RunStep) => RunStep,
): InstallSteps {
  const tool = install.exporter?.tool ?? 'poetry';
  const packages = install.exporter?.packages ?? [];
  const production = `${EXPORT_FOLDER}/production.txt`;
  const development = `${EXPORT_FOLDER}/development.txt`;
  const setUp =
    install.installer === 'uv'
      ? [
          'uv venv --quiet /opt/export',
          `uv pip install --python /opt/export/bin/python ${packages.join(' ')}`,
        ]
      : [
          'python -m venv --without-pip /opt/export',
          `pip --python /opt/export/bin/python install ${packages.join(' ')}`,
        ];
  const inRoot = install.root === '' ? '' : ` --directory ${shellWord(install.root)}`;
  const groups = install.developmentGroups.map((group) => ` --with ${shellWord(group)}`).join('');
  const exports =
    tool === 'poetry'
      ? [
          `/opt/export/bin/poetry export${inRoot} --only main --output ${production}`,
          `/opt/export/bin/poetry export${inRoot}${groups} --output ${development}`,
        ]
      : [
          ...(install.root === '' ? [] : [`cd ${shellWord(install.root)}`]),
          `/opt/export/bin/pipenv requirements --hash > ${production}`,
          `/opt/export/bin/pipenv requirements --hash --dev > ${development}`,
        ];
  const fromExport = `type=bind,from=requirements,source=${EXPORT_FOLDER},target=${EXPORT_FOLDER}`;
  return {
    exported: [
      {
        comment: `${install.productionFile ?? 'The lock file'} becomes requirements files: the same versions and hashes, readable by ${install.installer}.`,
        mounts: [...toolMounts, ...install.developmentMounts.map(bindMount)],
        commands: [`mkdir ${EXPORT_FOLDER}`, ...setUp, ...exports],
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
