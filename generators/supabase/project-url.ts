/** Reads the address of a Supabase project's API, as people paste it. Pure. */

export interface ProjectUrl {
  kind: 'url';
  /** `https://<ref>.supabase.co`, without a slash at the end. */
  url: string;
  /** The project's reference, for projects in Supabase's cloud. */
  ref: string | null;
  /** On this machine: the Supabase CLI or Supabase's own Compose file. */
  local: boolean;
  /** What was changed or is unusual, one sentence each. */
  notes: string[];
}

export interface UrlProblem {
  kind: 'problem';
  message: string;
}

const FORM = 'It has the form https://<ref>.supabase.co (dashboard: Project Settings, Data API).';
const LOCAL_NAMES = /^(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1\]|host\.docker\.internal)$/;

/** Paths of the services behind the project's URL, which people copy along with it. */
const SERVICE_PATH = /\/(?:rest|auth|storage|functions|realtime|graphql|pg)\/v1(?:\/.*)?$/;

/**
 * The project's URL out of what was pasted: a URL with or without the path of a service, a bare host name, the
 * reference alone, or the address of a page of the dashboard.
 * @returns the URL, or one message for the user
 */
export function readProjectUrl(text: string): ProjectUrl | UrlProblem {
  const pasted = text
    .replaceAll(/[\u200b-\u200f\u2060\ufeff]/g, '')
    .trim()
    .replace(/^(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*/, '')
    .replace(/^(["'`<])(.*)["'`>];?$/s, '$2')
    .trim();
  const problem = (message: string): UrlProblem => ({ kind: 'problem', message });
  if (pasted === '') return problem(`No URL was given. ${FORM}`);
  if (/^(?:postgres|postgresql|postgis):\/\//i.test(pasted)) {
    return problem(`That is the connection string of the database, not the project's URL. ${FORM}`);
  }
  if (/^(?:sb_(?:publishable|secret)_|sbp_|eyJ)/.test(pasted))
    return problem(`That is a key, not the project's URL. ${FORM}`);
  if (/[[\]<>{}]|your[-_]/i.test(pasted.replace('[::1]', '')))
    return problem(`The URL still holds a placeholder. ${FORM}`);
  const notes: string[] = [];
  if (/^[a-z]{20}$/.test(pasted)) {
    return cloud(pasted, ['That is the reference of a project; its URL was made of it.']);
  }
  if (/^(?:localhost|127(?:\.\d{1,3}){3}|host\.docker\.internal):\d+(?:\/|$)/.test(pasted)) {
    return readProjectUrl(`http://${pasted}`);
  }
  const hasScheme = /^[a-z][a-z+.-]*:\/\//i.test(pasted);
  const bare = /^[\w.-]+\.[a-z]+(?:[:/].*)?$/i.test(pasted);
  if (!hasScheme && !bare) return problem(`That is no URL. ${FORM}`);
  if (!hasScheme) notes.push('https:// was put before it.');
  const parsed = URL.parse(hasScheme ? pasted : `https://${pasted}`);
  if (parsed === null || parsed.hostname === '') return problem(`That is no URL. ${FORM}`);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    return problem(`The URL must begin with https:// (http:// only for a Supabase of your own). ${FORM}`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return problem(`The URL holds a user or a password, which the project's URL never does. ${FORM}`);
  }
  const host = parsed.hostname.toLowerCase();
  const dashboard = /^(?:www\.|app\.)?supabase\.(?:com|io)$/.test(host);
  if (dashboard) {
    const ref = /\/project\/([a-z]{20})(?:\/|$)/.exec(parsed.pathname)?.[1];
    return ref === undefined
      ? problem(`That is a page of Supabase's site, not the project's URL. ${FORM}`)
      : cloud(ref, ["That is the address of the dashboard; the project's URL was made of it."]);
  }
  if (/\.pooler\.supabase\.(?:com|co)$/.test(host)) {
    return problem(`That is the host of the database's pooler, not the project's URL. ${FORM}`);
  }
  const domain = /^(.+)\.supabase\.(co|in|net)$/.exec(host);
  if (domain !== null) {
    // <ref>, db.<ref>, <ref>.storage
    const labels = (domain[1] as string).split('.').filter((label) => label !== 'db' && label !== 'storage');
    const [ref] = labels;
    if (ref === undefined || labels.length > 1)
      return problem(`The host is none of a Supabase project. ${FORM}`);
    if (host !== `${ref}.supabase.${domain[2]}`)
      notes.push("The host was shortened to the one of the project's API.");
    if (parsed.protocol === 'http:') notes.push('http:// became https://.');
    if (beyondHost(parsed)) notes.push(`What stood behind the host (${shownPath(parsed)}) was taken off.`);
    return cloud(ref, notes, domain[2]);
  }
  const local = LOCAL_NAMES.test(host);
  const path = parsed.pathname.replace(SERVICE_PATH, '').replace(/\/+$/, '');
  if (path !== parsed.pathname.replace(/\/+$/, '') || parsed.search !== '' || parsed.hash !== '') {
    notes.push(`What stood behind the host (${shownPath(parsed)}) was taken off.`);
  }
  if (parsed.protocol === 'http:' && !local && /\./.test(host)) {
    notes.push(
      'http:// sends the keys unencrypted: use https:// outside of this machine and its own network.',
    );
  }
  return { kind: 'url', url: `${parsed.protocol}//${parsed.host}${path}`, ref: null, local, notes };
}

function beyondHost({ pathname, search, hash }: URL): boolean {
  return pathname.replaceAll('/', '') !== '' || search !== '' || hash !== '';
}

/** The query is not shown: it may hold a key. */
function shownPath({ pathname, search }: URL): string {
  const path = pathname.length > 40 ? `${pathname.slice(0, 40)}…` : pathname;
  return search === '' ? path : `${path}?…`;
}

function cloud(ref: string, notes: string[], domain = 'co'): ProjectUrl {
  return { kind: 'url', url: `https://${ref}.supabase.${domain}`, ref, local: false, notes };
}

/** The URL under which this machine reaches what a container calls `host.docker.internal`. */
export function urlFromHere(url: string): string {
  return url.replace(/^(https?:\/\/)host\.docker\.internal(?=[:/]|$)/, '$1localhost');
}

/** The URL under which a container reaches a service of the machine that it runs on. */
export function urlFromContainer(url: string): string {
  return url.replace(
    /^(https?:\/\/)(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[::1\])(?=[:/]|$)/,
    '$1host.docker.internal',
  );
}
