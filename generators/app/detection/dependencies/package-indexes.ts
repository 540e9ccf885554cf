import { placeOfEvidence } from '../evidence.ts';
import type { DetectionNote, Evidence, PrivateIndex } from '../facts.ts';

const PUBLIC_HOSTS = new Set(['pypi.org', 'pypi.python.org', 'files.pythonhosted.org']);

/**
 * The option of a requirements file that names PyPI itself, today's address or the legacy one. Written so that it
 * means the same to `sed --regexp-extended`: the Dockerfile drops exactly what is found here.
 */
export const PUBLIC_INDEX_OPTION =
  '(^| )(-i|--index-url|--extra-index-url)( *= *| +)https?://(pypi[.]python[.]org|pypi[.]org)/(simple|pypi)/?( |\\r|$)';

/** Whether a line of a requirements file holds an option that names PyPI itself. */
export function namesPublicIndex(line: string): boolean {
  return new RegExp(PUBLIC_INDEX_OPTION).test(line);
}

/** The index of an address; null for PyPI itself and for what is no URL. */
export function privateIndex(address: string, evidence: Evidence): PrivateIndex | null {
  const host = /^[a-z+]+:\/\/(?:[^/@]*@)?([^/:?#]+)/i.exec(address)?.[1];
  if (host === undefined || PUBLIC_HOSTS.has(host.toLowerCase())) return null;
  const variables = [...address.matchAll(/\$\{([A-Z_][A-Z0-9_]*)\}/g)].map((match) => match[1] ?? '');
  return { host: host.includes('$') ? null : host, variables: [...new Set(variables)], evidence };
}

/** Notes for indexes beside PyPI. Credentials in an address are never shown. */
export function indexNotes(indexes: readonly PrivateIndex[]): DetectionNote[] {
  const seen = new Set<string>();
  return indexes.flatMap(({ host, variables, evidence }) => {
    const key = host ?? variables.join();
    if (seen.has(key)) return [];
    seen.add(key);
    const secrets =
      variables.length > 0
        ? variables.map((name) => `--secret id=${name}`).join(' ')
        : '--secret id=netrc,src=$HOME/.netrc';
    return [
      {
        message: `${placeOfEvidence(evidence)} installs from ${host ?? 'an address from the environment'} too: an index that wants credentials gets them as a build secret, docker build ${secrets}`,
        evidence: [evidence],
      },
    ];
  });
}
