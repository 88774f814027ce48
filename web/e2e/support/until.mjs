/** Longest that anything may take, on a machine that does much else. */
export const DEADLINE_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** Asks again until the answer is truthy, which it returns; a look that throws has seen nothing yet. */
export async function until(what, look) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    let last;
    try {
      last = await look();
      if (last) return last;
    } catch (error) {
      last = error.message;
    }
    if (Date.now() > end) throw new Error(`never happened: ${what}; the last look said ${JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
