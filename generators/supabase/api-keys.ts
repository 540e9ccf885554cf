/** What kind of key a text is, told by its form alone. Pure; no text of this module holds a piece of a key. */

export type KeyKind =
  | 'publishable'
  | 'secret'
  /** JSON Web Tokens, announced to end: the roles anon and service_role. */
  | 'legacy-anon'
  | 'legacy-service-role'
  /** A token of another kind: of a signed-in user, of an account. */
  | 'other-token'
  /** A password or a connection string, or an address. */
  | 'no-key'
  | 'unknown';

export interface ApiKey {
  kind: KeyKind;
  /** The project that a legacy key names; null for others. */
  ref: string | null;
  /** When a legacy key ends, in seconds since 1970; null where it says nothing. */
  expires: number | null;
}

/** A key as pasted: without quotes, `NAME=`, blanks and invisible characters. */
export function cleanKey(text: string): string {
  const inner = text
    .replaceAll(/[\u200b-\u200f\u2060\ufeff]/g, '')
    .trim()
    .replace(/^(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*/, '')
    .replace(/^Bearer\s+/i, '');
  return inner.replace(/^(["'`])(.*)\1;?$/s, '$2').trim();
}

/**
 * Tells a key by its prefix, or by the `role` claim of a legacy key; the signature is the server's to check.
 * @param text as `cleanKey` leaves it
 */
export function readApiKey(text: string): ApiKey {
  const kind = (value: KeyKind): ApiKey => ({ kind: value, ref: null, expires: null });
  if (/^sb_publishable_\S+$/.test(text)) return kind('publishable');
  if (/^sb_secret_\S+$/.test(text)) return kind('secret');
  if (text.startsWith('sbp_')) return kind('other-token');
  if (/^[a-z][a-z+]*:\/\//i.test(text)) return kind('no-key');
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text)?.[1];
  if (payload === undefined) return kind('unknown');
  const claims = readClaims(payload);
  if (claims === null) return kind('unknown');
  const { role, ref, exp } = claims;
  return {
    kind: role === 'anon' ? 'legacy-anon' : role === 'service_role' ? 'legacy-service-role' : 'other-token',
    ref: typeof ref === 'string' && /^[a-z0-9]{1,40}$/.test(ref) ? ref : null,
    expires: typeof exp === 'number' ? exp : null,
  };
}

function readClaims(payload: string): Record<string, unknown> | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Whether a key of this kind opens everything: it must be on a server only. */
export function isSecretKind(kind: KeyKind): boolean {
  return kind === 'secret' || kind === 'legacy-service-role';
}

export function isPublishableKind(kind: KeyKind): boolean {
  return kind === 'publishable' || kind === 'legacy-anon';
}

export function isLegacyKind(kind: KeyKind): boolean {
  return kind === 'legacy-anon' || kind === 'legacy-service-role';
}

/** Where both keys are found. */
export const KEYS_PAGE = 'dashboard: Project Settings, API Keys';

const WRONG_THING: Partial<Record<KeyKind, string>> = {
  'other-token': `is a token of another kind (of an account or of a user), not a key of the project (${KEYS_PAGE})`,
  'no-key': `is an address, not a key (${KEYS_PAGE})`,
};

/**
 * Why a text cannot be the key that is asked for, as the end of a sentence; null when it may be.
 * @param wanted which of the two keys
 */
export function wrongKey(text: string, wanted: 'publishable' | 'secret'): string | null {
  if (/[\s\u0000-\u001f\u007f]|[^\u0000-\u007f]/.test(text)) {
    return `holds a blank or a character that no key has: copy it again (${KEYS_PAGE})`;
  }
  const { kind } = readApiKey(text);
  if (wanted === 'publishable' && isSecretKind(kind)) {
    return `is a secret key (${kind === 'secret' ? 'sb_secret_…' : 'role service_role'}), which opens everything and must not be handed to browsers: take the one that begins with sb_publishable_`;
  }
  if (wanted === 'secret' && isPublishableKind(kind)) {
    return `is the publishable key (${kind === 'publishable' ? 'sb_publishable_…' : 'role anon'}), which opens no more than a visitor may see: take the one that begins with sb_secret_`;
  }
  return WRONG_THING[kind] ?? null;
}
