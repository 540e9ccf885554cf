/** A stored list brought up to date with what the project has become, and what changed, in words. */
export interface ReconciledList {
  value: string[];
  changes: string[];
}

const isStringList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/**
 * Brings a stored list up to date: what is newly needed is added, what was offered then and is not there any more
 * is dropped. What the user took away or added by hand stays as it is.
 * @param option name of the option, for the words
 * @param stored the stored answer
 * @param offered what the question offered when it was stored; not a list: nothing is known, so nothing changes
 * @param now what it offers today, with the reason for each, and what is ticked by default
 */
export function reconcile(
  option: string,
  stored: readonly string[],
  offered: unknown,
  now: { choices: readonly { value: string; reason: string }[]; defaults: readonly string[] },
): ReconciledList {
  if (!isStringList(offered)) return { value: [...new Set(stored)], changes: [] };
  const available = new Set(now.choices.map((choice) => choice.value));
  const gone = stored.filter((item) => !available.has(item) && offered.includes(item));
  const added = now.defaults.filter((item) => !offered.includes(item) && !stored.includes(item));
  const reasonOf = (item: string): string =>
    now.choices.find((choice) => choice.value === item)?.reason ?? '';
  const kept = stored.filter((item) => !gone.includes(item));
  return {
    value: [...new Set([...kept, ...added])],
    changes: [
      ...added.map((item) => `${option}: ${item} is new (${reasonOf(item)}) and is added`),
      ...gone.map((item) => `${option}: ${item} is not there or not needed any more and is taken out`),
    ],
  };
}
