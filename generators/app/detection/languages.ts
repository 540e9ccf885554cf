import { listSetting, placeOf, settingOf, textSetting } from './django-settings.ts';
import type { DjangoSettings } from './django-settings.ts';
import type { Fact } from './facts.ts';
import { optionsOf, stringsIn } from './values.ts';

const LANGUAGE_CODE = /^[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*$/i;

/**
 * The languages that a site can answer in: LANGUAGES and LANGUAGE_CODE, or the latter alone where no middleware asks the
 * browser (https://docs.djangoproject.com/en/stable/topics/i18n/translation/#how-django-discovers-language-preference).
 * @returns codes as they are written, `pt-br`; null where all of Django's languages may be asked for, or nothing is said
 */
export function readLanguages(settings: DjangoSettings): Fact<string[]> | null {
  const own = textSetting(settings, 'LANGUAGE_CODE');
  const value = settingOf(settings, 'LANGUAGES');
  if (value === undefined) {
    const asksBrowser = listSetting(settings, 'MIDDLEWARE').some(({ text }) =>
      text.endsWith('LocaleMiddleware'),
    );
    return own === null || asksBrowser || !LANGUAGE_CODE.test(own.value)
      ? null
      : { value: [own.value], evidence: own.evidence };
  }
  const codes = optionsOf(value).flatMap(({ data }) =>
    data.kind === 'list' ? data.items.map((item) => stringsIn(item)[0]?.text ?? '') : [''],
  );
  const all = [...new Set([...codes, ...(own === null ? [] : [own.value])])];
  return codes.length > 0 && all.every((code) => LANGUAGE_CODE.test(code))
    ? { value: all, evidence: [placeOf(value)] }
    : null;
}
