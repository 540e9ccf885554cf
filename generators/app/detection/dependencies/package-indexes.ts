import { placeOfEvidence } from '../evidence.ts';
import type { DetectionNote, Evidence } from '../facts.ts';

const PUBLIC_HOSTS = new Set(['pypi.org', 'pypi.python.org', 'files.pythonhosted.org']);

/** A note for an index beside PyPI; null for PyPI itself. Credentials in the address are never shown. */
export function indexNote(address: string, evidence: Evidence): DetectionNote | null {
  const host = /^[a-z+]+:\/\/(?:[^/@]*@)?([^/:?#]+)/i.exec(address)?.[1];
  if (host === undefined || PUBLIC_HOSTS.has(host.toLowerCase())) return null;
  const shown = host.includes('$') ? 'an address from the environment' : host;
  return {
    message: `${placeOfEvidence(evidence)} installs from ${shown} too: a private index needs its credentials while the image is built`,
    evidence: [evidence],
  };
}
