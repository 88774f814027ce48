/** Light, dark, or as the system has it; remembered by the browser. */
import { computed, effect, signal } from '@preact/signals';

const KEY = 'journeyman-theme';
const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const system = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(system.matches);
export const theme = signal<Theme>(THEMES.find((theme) => theme === stored()) ?? 'system');
export const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && systemIsDark.value));

export function nextTheme(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
}

system.addEventListener('change', (event) => (systemIsDark.value = event.matches));
effect(() => {
  document.documentElement.dataset.theme = theme.value;
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
});

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
