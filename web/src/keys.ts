/** Keys of the keyboard. None of them acts while somebody types or a dialog is open. */
import { signal } from '@preact/signals';
import { paused, refresh } from './api/live';
import { go, href } from './route';
import { nextTheme } from './theme';

export const PAGES: [page: string, label: string, key: string][] = [
  ['overview', 'Overview', 'o'],
  ['jobs', 'Jobs', 'j'],
  ['failed', 'Failed', 'f'],
  ['queues', 'Queues', 'q'],
  ['types', 'Types', 't'],
  ['workers', 'Workers', 'w'],
  ['health', 'Health', 'h'],
];

export const helpIsOpen = signal(false);

/** After `g`, the next key names a page, for so long. */
const CHORD_MS = 1500;
let chord = -Infinity;
let isSearchNext = false;

export function listen(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === 'Escape' && isTyping(event.target)) return (event.target as HTMLElement).blur();
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const isSecond = event.timeStamp - chord < CHORD_MS;
    chord = -Infinity;
    if (isSecond) {
      const page = PAGES.find(([, , key]) => key === event.key);
      if (page) go(href(page[0]));
      return;
    }
    switch (event.key) {
      case 'g':
        chord = event.timeStamp;
        break;
      case '/':
        event.preventDefault();
        search();
        break;
      case '?':
        helpIsOpen.value = true;
        break;
      case 'r':
        refresh();
        break;
      case 'p':
        paused.value = !paused.value;
        break;
      case 't':
        nextTheme();
    }
  });
}

/** The page's own search; a page without one leads to the jobs. */
function search(): void {
  if (focusSearch()) return;
  isSearchNext = true;
  go(href('jobs'));
}

/** Whether the page that has just come is there for its search. */
export function takeSearch(): boolean {
  const isWanted = isSearchNext;
  isSearchNext = false;
  return isWanted && focusSearch();
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLElement>('[data-search]');
  field?.focus();
  return !!field;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input:not([type=checkbox]), textarea, select');
}
