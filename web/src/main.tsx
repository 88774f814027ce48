import { type ComponentChild, render } from 'preact';
import { problemOf } from './api/call';
import { App } from './app';
import { watch } from './api/live';
import { meet } from './api/session';
import { listen } from './keys';
import { Trouble } from './parts/panel';
import { follow } from './route';
import './styles/base.css';
import './styles/parts.css';
import './styles/pages.css';

const RETRY_MS = 3000;
const root = document.getElementById('app')!;
let isShown = false;

follow();
listen();
watch();
void start();

async function start(): Promise<void> {
  try {
    await meet();
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status !== 401) {
      show(
        <main class="alone">
          <Trouble problem={problem} />
        </main>,
      );
      setTimeout(() => void start(), RETRY_MS);
      return;
    }
  }
  show(<App />);
}

/** In place of the empty frame, the first time. */
function show(what: ComponentChild): void {
  if (!isShown) root.replaceChildren();
  isShown = true;
  render(what, root);
}
