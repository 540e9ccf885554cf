import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Record<string, string>;

/** Of the server, as ensure-engine.sh has it: the first with the features that the tests use. */
const MINIMUM_SERVER_MAJOR = 25;

/**
 * The environment in which `docker`, `docker compose` and `docker buildx` reach a working engine:
 * the machine's own, else the one that ensure-engine.sh set up; null where neither answers.
 */
export function engineEnvironment(): Environment | null {
  const own = ownEngineSettings();
  const candidates = [definedVariables(), ...(own ? [{ ...definedVariables(), ...own }] : [])];
  return candidates.find(engineAnswers) ?? null;
}

function definedVariables(): Environment {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function ownEngineSettings(): Environment | null {
  const state = process.env['BACKENDAI_TEST_ENGINE'] || join(homedir(), '.cache', 'backendai-docker-engine');
  const file = join(state, 'engine.env');
  if (!existsSync(file)) return null;
  const settings: Environment = {};
  // Lines of ensure-engine.sh: NAME='value', and for PATH a prefix: PATH='folder':"$PATH"
  for (const [, name, value, prefixed] of readFileSync(file, 'utf8').matchAll(
    /^(\w+)='([^']*)'(:"\$PATH")?$/gm,
  )) {
    if (!name || value === undefined) continue;
    settings[name] = prefixed ? `${value}:${process.env['PATH'] ?? ''}` : value;
  }
  return settings;
}

function engineAnswers(environment: Environment): boolean {
  const version = answerOf(environment, 'version', '--format', '{{.Server.Version}}');
  return (
    version !== null &&
    Number.parseInt(version, 10) >= MINIMUM_SERVER_MAJOR &&
    answerOf(environment, 'compose', 'version') !== null &&
    answerOf(environment, 'buildx', 'version') !== null
  );
}

function answerOf(environment: Environment, ...commands: string[]): string | null {
  const { status, stdout } = spawnSync('docker', commands, {
    env: environment,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return status === 0 ? stdout.trim() : null;
}
