// node e2e/run.mjs newcomer queues …: plays the scenarios of these files, one after the other, in one browser.
// BASE_URL: where the server listens, with a slash at the end. API_KEY: a key for all that is prepared, if it wants one.
// CHROMIUM: the browser, if it is not /usr/bin/chromium. The closing lines count the tests.
import { curtain } from './support/stage.mjs';

for (const name of process.argv.slice(2)) await import(`./${name}.mjs`);
await curtain();
