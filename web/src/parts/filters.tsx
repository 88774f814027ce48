/** What narrows the list of jobs. Each change goes into the address at once. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { queues } from '../api/live';
import { isId, local, SPANS, utc } from '../jobs/filter';
import { go, href, refine } from '../route';
import { reveal } from '../text/reveal';

const TYPING_MS = 350;

export function Filters({ query, types }: { query: Record<string, string>; types: string[] }) {
  const span = query.within ?? (query.since || query.until ? 'custom' : '');
  const isNarrowed = Object.keys(query).some((name) => name !== 'state');

  return (
    <search class="filters">
      <div class="with-select">
        <Typed
          isSearch
          label="Text in payload or error, or a job id"
          placeholder="Search payload and error, or an id"
          value={query.text}
          onTyped={(text) => (isId(text) ? go(href('jobs', text)) : refine({ text }))}
        />
        <select
          aria-label="Where to search"
          value={query.in ?? 'any'}
          onChange={(event) => refine({ in: event.currentTarget.value === 'any' ? '' : event.currentTarget.value })}
        >
          <option value="any">anywhere</option>
          <option value="payload">in payload</option>
          <option value="error">in error</option>
        </select>
      </div>
      <Pick
        label="Queue"
        value={query.queue}
        options={(queues.value ?? []).map((queue) => queue.queue_name)}
        onPick={(queue) => refine({ queue })}
      />
      <Pick label="Type" value={query.type} options={types} onPick={(type) => refine({ type })} />
      <Typed label="Tag" placeholder="Tag" value={query.tag} onTyped={(tag) => refine({ tag })} />
      <select
        aria-label="Created"
        value={span}
        onChange={(event) => {
          const within = event.currentTarget.value;
          const isCustom = within === 'custom';
          refine({
            within: isCustom ? '' : within,
            since: isCustom ? new Date(Date.now() - 86_400_000).toISOString() : '',
            until: '',
          });
        }}
      >
        <option value="">Created any time</option>
        {Object.keys(SPANS).map((name) => (
          <option key={name} value={name}>
            in the last {name.replace(/\D/, (unit) => ({ m: ' min', h: ' h', d: ' d' })[unit] ?? unit)}
          </option>
        ))}
        <option value="custom">between…</option>
      </select>
      {span === 'custom' && (
        <>
          <input
            type="datetime-local"
            aria-label="Created since"
            value={local(query.since)}
            onChange={(event) => refine({ since: utc(event.currentTarget.value) })}
          />
          <input
            type="datetime-local"
            aria-label="Created until"
            value={local(query.until)}
            onChange={(event) => refine({ until: utc(event.currentTarget.value) })}
          />
        </>
      )}
      {isNarrowed && (
        <a class="button" href={href('jobs', '', { state: query.state })}>
          Clear
        </a>
      )}
    </search>
  );
}

interface TypedProps {
  label: string;
  placeholder: string;
  value: string | undefined;
  /** The field that `/` leads to. */
  isSearch?: boolean;
  onTyped: (text: string) => void;
}

/** Tells what was typed once the typing rests; takes another value from outside, but not the echo of its own. */
function Typed({ label, placeholder, value = '', isSearch, onTyped }: TypedProps) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const timer = useRef(0);
  useEffect(() => {
    if (value !== told.current) {
      told.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = (typed: string) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => {
      told.current = typed.trim();
      onTyped(told.current);
    }, TYPING_MS);
  };
  return (
    <input
      type="search"
      data-search={isSearch}
      class={isSearch ? undefined : 'tag-filter'}
      aria-label={label}
      placeholder={placeholder}
      value={text}
      autocomplete="off"
      onInput={(event) => take(event.currentTarget.value)}
    />
  );
}

interface PickProps {
  label: string;
  value: string | undefined;
  options: string[];
  onPick: (value: string) => void;
}

export function Pick({ label, value, options, onPick }: PickProps) {
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return (
    <select aria-label={label} value={value ?? ''} onChange={(event) => onPick(event.currentTarget.value)}>
      <option value="">Any {label.toLowerCase()}</option>
      {all.map((option) => (
        <option key={option} value={option}>
          {reveal(option.slice(0, 80))}
        </option>
      ))}
    </select>
  );
}
