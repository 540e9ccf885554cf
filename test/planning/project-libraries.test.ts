import { expect, it } from 'vitest';
import { projectLibraries } from '../../generators/app/planning/project-libraries.ts';
import { factsOf } from './planned-project.ts';

const locked = (name: string, version: string): string =>
  `[[package]]\nname = "${name}"\nversion = "${version}"\nsource = { registry = "https://pypi.org/simple" }\nsdist = { url = "https://files.example/${name}-${version}.tar.gz", hash = "sha256:0" }\n`;

/** What is installed to compile with, where uv.lock lists nothing but a package's source archive. */
function compilersFor(name: string, version: string): string[] {
  const facts = factsOf('ALLOWED_HOSTS = ["*"]\n', {
    'requirements.txt': '',
    'pyproject.toml': `[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.14"\ndependencies = ["${name}==${version}"]\n`,
    'uv.lock': `version = 1\nrequires-python = ">=3.14"\n\n${locked(name, version)}\n[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "${name}" }]\n`,
  });
  return projectLibraries(facts, '3.14').build.map(({ debianPackage }) => debianPackage);
}

// As in python/pythondotorg: uv.lock leaves out the wheels of the Pythons that the project does not admit.
it('compiles an extension of which the lock holds a source archive only, because its wheels are for other Pythons', () => {
  expect(compilersFor('cmarkgfm', '2024.11.20')).toEqual(['gcc', 'libc6-dev']);
});

it.each([
  ['own-thing', '1.0', 'the table does not know it'],
  ['pypandoc', '1.17', 'pure Python'],
  ['sqlalchemy', '1.4.46', 'without a compiler it installs as pure Python'],
])('installs no compiler for %s %s: %s', (name, version) => {
  expect(compilersFor(name, version)).toEqual([]);
});
