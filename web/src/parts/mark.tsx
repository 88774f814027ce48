export function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="mark" />
      <path d="M20 8v11a5 5 0 0 1-9 3" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" />
    </svg>
  );
}
