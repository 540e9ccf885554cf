/** `fetch` for a server that is not trusted: it ends in time, reads no more than it must, and follows nowhere. */

/** No answer that is asked for here comes near it. */
const LARGEST_ANSWER = 1024 * 1024;

/** What came of the last request, beside what the library makes of it. */
export interface Exchange {
  /** Null while nothing was answered. */
  status: number | null;
  /** Why there is no answer that can be read, in words for the user; null when there is. */
  failure: Failure | null;
}

export interface Failure {
  kind: 'no-host' | 'refused' | 'time' | 'tls' | 'network' | 'redirect' | 'no-json' | 'too-large';
  text: string;
}

/** Thrown instead of what undici throws; its text is in the exchange. */
class FetchFailure extends Error {
  override name = 'FetchFailure';
}

/**
 * A `fetch` for the client of one check.
 * @param milliseconds for a whole request, its answer included
 * @returns the function, and what came of its last request
 */
export function boundedFetch(milliseconds: number): { fetch: typeof fetch; exchange: Exchange } {
  const exchange: Exchange = { status: null, failure: null };
  const fail = (failure: Failure): never => {
    exchange.failure = failure;
    throw new FetchFailure(failure.text);
  };
  const bounded = async (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    exchange.status = null;
    exchange.failure = null;
    const time = AbortSignal.timeout(milliseconds);
    let response: Response;
    let text: string | null;
    try {
      const signal = init?.signal ? AbortSignal.any([init.signal, time]) : time;
      // A header with the key would go along to wherever a redirect leads.
      response = await fetch(input, { ...init, signal, redirect: 'manual' });
      text = await readText(response);
    } catch (error) {
      return fail(failureOf(error, milliseconds));
    }
    exchange.status = response.status;
    if (text === null) return fail({ kind: 'too-large', text: 'answers with more than a megabyte' });
    if (response.status >= 300 && response.status < 400) {
      return fail({ kind: 'redirect', text: `redirects (${response.status}) to another address` });
    }
    const readable = isJson(text);
    if (!readable && response.ok) {
      return fail({
        kind: 'no-json',
        text: `answers with ${response.status}, but not as Supabase's API does`,
      });
    }
    // Proxies say 503 in HTML; the status is what counts then.
    return new Response(hasNoBody(response.status) ? null : readable ? text : '{"message":""}', {
      status: response.status,
      statusText: response.statusText,
      headers: { 'content-type': 'application/json' },
    });
  };
  return { fetch: bounded, exchange };
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 205;
}

/** Null: too large. */
async function readText(response: Response): Promise<string | null> {
  if (response.body === null) return '';
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > LARGEST_ANSWER) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function isJson(text: string): boolean {
  if (text === '') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function failureOf(error: unknown, milliseconds: number): Failure {
  const { name, cause } = error as Error & { cause?: { code?: string; errors?: { code?: string }[] } };
  const code = cause?.code ?? cause?.errors?.[0]?.code ?? '';
  if (name === 'TimeoutError' || /TIMEOUT|ETIMEDOUT/.test(code)) {
    return {
      kind: 'time',
      text: `did not answer within ${Number((milliseconds / 1000).toFixed(1))} seconds`,
    };
  }
  if (code === 'ENOTFOUND') return { kind: 'no-host', text: 'is known to no name server' };
  if (code === 'EAI_AGAIN')
    return { kind: 'network', text: 'could not be looked up: the name server did not answer' };
  if (code === 'ECONNREFUSED') return { kind: 'refused', text: 'refuses the connection' };
  if (/CERT|SELF_SIGNED|^ERR_(?:TLS|SSL)|ERR_SSL|WRONG_VERSION|UNABLE_TO/.test(code)) {
    return { kind: 'tls', text: `has no certificate that this machine trusts (${code})` };
  }
  return { kind: 'network', text: `could not be reached (${/^[A-Z_]+$/.test(code) ? code : 'no answer'})` };
}
