/** What the API answers; `openapi.yaml` has the words. */
export const STATES = ['pending', 'delayed', 'reserved', 'completed', 'failed', 'cancelled'] as const;
export type State = (typeof STATES)[number];
export type InStates = Record<State, number>;

export const PRIORITIES = ['critical', 'high', 'normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

export type Scope = 'enqueue' | 'read' | 'work' | 'operate' | 'admin';

export interface Me {
  keys: boolean;
  name: string | null;
  scopes: Scope[];
}

export interface Counters {
  enqueued: number;
  processed: number;
  failed: number;
  retried: number;
  timeouts: number;
}

export interface Overview {
  version: string;
  store: string;
  durability: string | null;
  breaker: string | null;
  status_time: string | number;
  totals: InStates;
  counters: Counters;
  workers: { count: number; slots: number; busy: number };
  examples: boolean;
}

export interface Queue extends InStates {
  queue_name: string;
  paused: boolean;
  by_priority: Record<Priority, number>;
  counters: Counters;
  next_waits_since: string | null;
}

export interface Failure {
  kind: string;
  message: string;
}

export interface JobSummary {
  task_id: string;
  status: State;
  queue_name: string;
  task_type: string | null;
  tags: string[];
  priority: Priority;
  attempts: number;
  max_tries: number | null;
  created_at: string;
  available_at: string;
  started_at: string | null;
  finished_at: string | null;
  worker: string | null;
  error: Failure | null;
}

export interface Attempt {
  attempt: number;
  started_at: string;
  finished_at: string;
  outcome: string;
  worker: string;
  error: Failure | null;
}

export interface JobStatus extends JobSummary {
  task_data: unknown;
  result: unknown;
  failed_hook_error: Failure | null;
  callbacks: { on: string; task_id: string }[];
  history: Attempt[];
}

export interface Explanation {
  state: State;
  runs: 'now' | 'later' | 'never' | 'ended' | 'running';
  summary: string;
  reasons: ({ code: string; detail: string } & Record<string, unknown>)[];
}

export interface JobsPage {
  jobs: JobSummary[];
  next_cursor: string | null;
  examined: number;
}

export interface FailureGroup {
  fingerprint: string;
  task_type: string | null;
  kind: string;
  message: string;
  count: number;
  first_seen: string;
  last_seen: string;
  queues: string[];
  sample: string;
}

export interface FailuresPage {
  groups: FailureGroup[];
  examined: number;
  total: number;
  next_cursor: string | null;
}

export interface JobType {
  task_type: string;
  description: string | null;
  rust_type: string | null;
  source: string | null;
  schema: unknown;
  offered: boolean;
}

export interface Worker {
  worker: string;
  host: string;
  pid: number;
  version: string;
  queues: string[];
  slots: number;
  busy: number;
  started_at: string;
  seen_at: string;
  state: 'running' | 'quiet' | 'stopping' | 'lost';
}

export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

export interface History {
  step_seconds: number;
  points: {
    at: string;
    processed: number;
    failed: number;
    retried: number;
    run_ms: Percentiles | null;
    wait_ms: Percentiles | null;
  }[];
  types?: { task_type: string; processed: number; failed: number; run_ms: Percentiles | null }[];
}

export interface Health {
  store: string;
  durability: string | null;
  ready: boolean;
  breaker: string | null;
  checks: { name: string; ok: boolean; detail: string }[];
}

export interface AuditRow {
  at: string;
  actor: string | null;
  action: string;
  target: string | null;
  outcome: string;
}

export interface BulkAnswer {
  matched: number;
  done: number;
  skipped: number;
  examined: number;
  next_cursor: string | null;
  results?: { task_id: string; outcome: string; detail?: string }[];
}

export interface Problem {
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id?: string;
  errors?: { pointer: string; detail: string }[];
}
