/** The same API that the pages use, for what a scenario needs to be there before. */
import assert from 'node:assert/strict';
import { until } from './until.mjs';

export class Api {
  constructor(base, key) {
    this.root = `${base}api/v1/`;
    this.headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
  }

  async send(method, path, body) {
    const answer = await fetch(this.root + path, {
      method,
      headers: this.headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : undefined };
  }

  async get(path) {
    const { status, body } = await this.send('GET', path);
    assert.equal(status, 200, `GET ${path}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Enqueues a job that must be taken; its id. `more`: the other members of the body. */
  async enqueue(task_type, task_data, more = {}) {
    const { status, body } = await this.send('POST', 'jobs', { task_type, task_data, ...more });
    assert.equal(status, 201, `${task_type}: ${JSON.stringify(body)}`);
    return body.task_id;
  }

  /** So many alike. */
  enqueueAll(count, ...job) {
    return Promise.all(Array.from({ length: count }, () => this.enqueue(...job)));
  }

  /** Waits until the job is in that state; its record. */
  until(id, state) {
    return until(`job ${id} is ${state}`, async () => {
      const job = await this.get(`jobs/${id}`);
      return job.status === state && job;
    });
  }

  /** A store may or may not remember that there was one. */
  async assertGone(id) {
    const { status } = await this.send('GET', `jobs/${id}`);
    assert.ok([404, 410].includes(status), `job ${id} is still there: ${status}`);
  }

  async queue(name) {
    return (await this.get('queues')).queues.find((queue) => queue.queue_name === name);
  }
}
