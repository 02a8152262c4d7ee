// Light or dark: as chosen here before, else as the system says, following it as it changes.

import type { Theme } from './colours';
import { recall, remember } from './remembered';

class ThemeChoice {
  #current = $state<Theme>('light');

  start(): void {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const chosen = recall('theme');
    const follow = (): void => this.#set(system.matches ? 'dark' : 'light');
    if (chosen === 'dark' || chosen === 'light') this.#set(chosen);
    else follow();
    system.addEventListener('change', () => {
      if (recall('theme') === null) follow();
    });
  }

  get current(): Theme {
    return this.#current;
  }

  toggle(): void {
    const next = this.#current === 'light' ? 'dark' : 'light';
    remember('theme', next);
    this.#set(next);
  }

  #set(next: Theme): void {
    this.#current = next;
    document.documentElement.dataset.theme = next;
  }
}

export const theme = new ThemeChoice();

// A design token as the canvas and the charts need it.
export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
