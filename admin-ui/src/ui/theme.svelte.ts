// Light, dark, or as the system has it. The choice is the browser's, not the account's.

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'ferrobase-theme';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

let chosen: Theme = $state(stored());

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  choose(next: Theme): void {
    chosen = next;
    localStorage.setItem(KEY, next);
    show();
  },
};

function stored(): Theme {
  const kept = localStorage.getItem(KEY) as Theme | null;
  return kept && THEMES.includes(kept) ? kept : 'system';
}

/** `app.css` follows this attribute; without it the system decides. */
function show(): void {
  if (chosen === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

show();
