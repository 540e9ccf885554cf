/**
 * Whether a path matches a pattern with `*`, `**` and `?`, as .dockerignore and lists of names use them.
 * (`path.matchesGlob` of Node warns that it is experimental in the oldest release that we support.)
 */
export function matchesPattern(path: string, pattern: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
    .replaceAll('**/', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
    .replaceAll('\0', '(?:.*/)?');
  return new RegExp(`^${source}$`).test(path);
}
