// The language of the pages: the one chosen here before, else the browser's first of French and English.

import { en, type MessageKey } from '../messages/en';
import { fr } from '../messages/fr';
import { recall, remember } from './remembered';

export type Language = 'en' | 'fr';

const tables: Record<Language, Record<MessageKey, string>> = { en, fr };

export function pickLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const start = tag.toLowerCase().slice(0, 2);
    if (start === 'fr' || start === 'en') return start;
  }
  return 'en';
}

class LanguageChoice {
  #current = $state<Language>('en');
  #tags: readonly string[] = [];

  start(): void {
    this.#tags = navigator.languages?.length ? navigator.languages : [navigator.language];
    const chosen = recall('language');
    this.#set(chosen === 'en' || chosen === 'fr' ? chosen : pickLanguage(this.#tags));
  }

  get current(): Language {
    return this.#current;
  }

  // The region the browser names for this language decides how numbers and dates are written.
  get locale(): string {
    const current = this.#current;
    const regional = this.#tags.find((tag) => tag.toLowerCase().startsWith(`${current}-`));
    return regional ?? (current === 'fr' ? 'fr-FR' : 'en-GB');
  }

  toggle(): void {
    const next = this.#current === 'en' ? 'fr' : 'en';
    remember('language', next);
    this.#set(next);
  }

  #set(next: Language): void {
    this.#current = next;
    document.documentElement.lang = next;
  }
}

export const language = new LanguageChoice();

type Parameters = Record<string, string | number>;

export function t(key: MessageKey, parameters: Parameters = {}): string {
  return tables[language.current][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in parameters ? String(parameters[name]) : whole,
  );
}

type CountedKey = { [K in MessageKey]: K extends `${infer Base}.other` ? Base : never }[MessageKey];

// The form of a counted message that suits `n`; `shown` is `n` as written.
export function tn(key: CountedKey, n: number, shown: string): string {
  const one = new Intl.PluralRules(language.current).select(n) === 'one';
  return t(`${key}.${one ? 'one' : 'other'}` as MessageKey, { n: shown });
}
