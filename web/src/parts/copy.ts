/** Copies at once, so that it works on plain HTTP too, where `navigator.clipboard` is not there. */
export function copy(text: string): boolean {
  const area = document.createElement('textarea');
  const focused = document.activeElement;
  area.value = text;
  area.readOnly = true;
  area.className = 'offstage';
  // Inside an open dialog nothing outside of it can be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  let done = false;
  try {
    done = document.execCommand('copy');
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
  if (!done && navigator.clipboard) {
    void navigator.clipboard.writeText(text);
    return true;
  }
  return done;
}
