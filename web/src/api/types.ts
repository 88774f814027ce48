/** What the API answers, as `openapi.yaml` has it: `npm run api` writes that down for TypeScript. */
import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type State = Schemas['State'];
export const STATES = ['pending', 'delayed', 'reserved', 'completed', 'failed', 'cancelled'] satisfies State[];
export type InStates = Record<State, number>;

export type Priority = Schemas['Priority'];
export const PRIORITIES = ['critical', 'high', 'normal', 'low'] satisfies Priority[];

export type Scope = Schemas['Scope'];
export type Me = Schemas['Me'];
export type Counters = Schemas['Sums'];
export type Overview = Schemas['Overview'];
export type Queue = Schemas['Queue'];
export type Failure = Schemas['Failure'];
export type JobSummary = Schemas['JobSummary'];
export type Attempt = Schemas['Attempt'];
export type JobStatus = Schemas['JobStatus'];
export type Explanation = Schemas['Explanation'];
export type JobsPage = Schemas['JobsPage'];
export type FailureGroup = Schemas['FailureGroup'];
export type FailuresPage = Schemas['FailuresPage'];
export type JobType = Schemas['JobType'];
export type Worker = Schemas['Worker'];
export type Percentiles = Schemas['Percentiles'];
export type History = Schemas['History'];
export type Health = Schemas['Health'];
export type BulkAnswer = Schemas['BulkAnswer'];
/** Why there is no answer that was asked for: the server's own words, or the pages' own where it says nothing. */
export type Problem = Pick<Schemas['Problem'], 'title' | 'status' | 'detail'> &
  Partial<Pick<Schemas['Problem'], 'request_id' | 'errors'>> & { code: Schemas['Problem']['code'] | 'no_answer' | '' };

export type AuditRow = Schemas['AuditRow'];
export type AuditPage = Schemas['Audit'];
