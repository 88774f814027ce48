/** Whatever is stored is shown as it is, and does nothing. */
import assert from 'node:assert/strict';
import { QUEUES, shown, TEXTS } from './support/hostile.mjs';
import { scenario } from './support/stage.mjs';
import { until } from './support/until.mjs';

const TYPE = 'process_order';

scenario(
  'two hundred hostile texts are text and nothing else',
  async (stage) => {
    const { page, api, open } = stage;
    assert.equal(TEXTS.length, 200);
    const jobs = await store(api);
    await assertListed(stage, jobs);
    for (const [text, job] of jobs) if (job.order % 8 === 0) await assertShown(stage, text, job);

    await open('#/failed');
    await page.locator('.group').first().waitFor();
    await assertInert(page, 'Failed');
    await open('#/queues');
    for (const name of QUEUES) await page.getByRole('heading', { name, exact: true }).waitFor();
    await assertInert(page, 'Queues');
    await open('#/overview');
    await assertInert(page, 'Overview');
    await audited(stage);
    for (const name of QUEUES) {
      await open(`#/jobs?queue=${name}`);
      await page.locator('tbody tr').first().waitFor();
    }
  },
);

scenario(
  'a hostile address is text, too',
  async ({ page, open }) => {
    for (const text of TEXTS.filter((_, i) => i % 5 === 0)) {
      const word = encodeURIComponent(text);
      await open(`#/types/${word}`);
      assert.equal(await page.locator('h1').textContent(), shown(text));
      await assertInert(page, `the type ${text}`);
      await open(`#/jobs?text=${word}&tag=${word.slice(0, 60)}&queue=${word}&type=${word}&state=${word}`);
      await page.locator('main .empty, main .trouble').first().waitFor();
      await assertInert(page, `the search for ${text}`);
      await open(`#/jobs/${word}`);
      await page.locator('.trouble').waitFor();
      await assertInert(page, `the job ${text}`);
    }
  },
  // There are no such jobs, queues and states.
  { expected: [/status of 4(04|14|22|31)/] },
);

/** Whoever may operate can put any text on record, in the place of an id. */
async function audited({ page, api, open }) {
  const texts = TEXTS.filter((text, i) => i % 8 === 0 && text.length < 200);
  for (const text of texts) await api.send('POST', `workers/${encodeURIComponent(text)}/quiet`);
  await open('#/health');
  await page.getByRole('button', { name: 'Load more' }).click();
  for (const text of texts) await page.locator('td', { hasText: shown(text) }).first().waitFor();
  await assertInert(page, 'Health');
}

/** One failed job for each text, which is in its payload, in its error and, where it may be, its tag. By text. */
async function store(api) {
  const ids = [];
  for (const [order, text] of TEXTS.entries()) {
    // The job fails with the address in its error, if there is no @ in it.
    const items = [text, { [text]: [text] }];
    const tags = [...text].length <= 100 ? [text] : [];
    const queue_name = QUEUES[order % QUEUES.length];
    ids.push(await api.enqueue(TYPE, { order_id: order, customer_email: text.replace('@', 'at'), items }, { tags, queue_name }));
  }
  const jobs = new Map();
  for (const [order, id] of ids.entries()) jobs.set(TEXTS[order], { ...(await api.until(id, 'failed')), order });
  return jobs;
}

async function assertListed({ page, open }, jobs) {
  await open(`#/jobs?state=failed&type=${TYPE}`);
  const rows = page.locator('tbody tr');
  await until('all are listed', async () => {
    const more = page.getByRole('button', { name: 'Load more' });
    if (await more.count()) await more.click({ timeout: 1000 });
    return (await rows.count()) >= jobs.size && (await more.count()) === 0;
  });
  const found = await rows.evaluateAll((rows) =>
    rows.map((row) => [row.querySelector('a.mono').title, row.querySelector('.why').textContent, row.querySelector('.tag')?.textContent]),
  );
  const byId = new Map(found.map(([id, ...texts]) => [id, texts]));
  for (const [text, { task_id, error, tags }] of jobs) {
    const [why, tag] = byId.get(task_id);
    assert.equal(why, `${error.kind}: ${shown(error.message.slice(0, 300))}`);
    assert.equal(tag, tags.length ? shown(text) : undefined);
  }
  await assertInert(page, 'Jobs');
}

async function assertShown({ page, open }, text, { task_id, error, tags, task_data }) {
  await open(`#/jobs/${task_id}`);
  await page.locator('.timeline').waitFor();
  const tree = await page.locator('.panel:has(h2:text-is("Payload")) .tree').textContent();
  assert.ok(tree.includes(`customer_email: ${shown(JSON.stringify(task_data.customer_email))}`), tree);
  assert.equal(await page.locator('.failure pre').first().textContent(), shown(error.message));
  await page.getByText('The whole record').click();
  await page.getByRole('button', { name: 'Raw' }).first().click();
  const raw = await page.locator('pre[aria-label=Payload]').textContent();
  assert.ok(raw.includes(shown(JSON.stringify(text))), raw);
  await assertInert(page, `the job of ${text}`);
  if (!tags.length) return;
  await page.locator('.facts .tag').click();
  await until('the tag leads to the job', () => page.locator(`tbody a.mono[title="${task_id}"]`).count());
  await assertInert(page, `the list by the tag ${text}`);
}

/** Nothing of what was stored has become an element, an address or a handler. */
async function assertInert(page, what) {
  const alive = await page.evaluate(() => {
    const strange = 'main :is(script, style, img, iframe, object, embed, base, meta, link, math, form[action]), main svg :is(script, a, animate)';
    const handlers = [...document.querySelectorAll('body *')].filter((element) =>
      [...element.attributes].some(({ name, value }) => name.startsWith('on') || /^\s*javascript:/i.test(value)),
    );
    const away = [...document.querySelectorAll('a')].filter((link) => !link.getAttribute('href').startsWith('#/'));
    return [...document.querySelectorAll(strange), ...handlers, ...away].map((element) => element.outerHTML.slice(0, 300));
  });
  assert.deepEqual(alive, [], what);
}
