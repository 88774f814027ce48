/** Lines over time, as SVG in the page's own colours; the pointer or the arrow keys read single values. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { exact } from '../text/time';
import { ticks, timeLabel, timeTicks } from '../text/ticks';

export interface Line {
  label: string;
  /** The class that gives it its colour. */
  tone: string;
  values: (number | null)[];
  isArea?: boolean;
}

interface Props {
  label: string;
  /** Seconds since 1970, rising. */
  times: number[];
  lines: Line[];
  format: (value: number) => string;
}

const HEIGHT = 210;
const LEFT = 54;
const BOTTOM = 22;
const TOP = 8;

export function Chart({ label, times, lines, format }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const last = times.length - 1;
  const from = times[0] ?? 0;
  const to = times[last] ?? 1;
  const highest = Math.max(0, ...lines.flatMap((line) => line.values.map((value) => value ?? 0)));
  const grid = ticks(highest);
  const top = grid.at(-1)!;
  const x = (time: number) => LEFT + ((time - from) / (to - from || 1)) * (width - LEFT - 6);
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const dates = timeTicks(from, to, Math.max(2, Math.floor(width / 90)));
  const step = (dates[1] ?? to) - (dates[0] ?? from);
  const shown = at === null ? null : Math.min(at, last);

  const point = (event: { clientX: number }) => {
    const share = (event.clientX - box.current!.getBoundingClientRect().left - LEFT) / (width - LEFT - 6);
    setAt(Math.max(0, Math.min(last, Math.round(share * last))));
  };
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(last, (shown ?? last) + by)));
  };

  return (
    <div class="chart">
      <div ref={box} class="plot">
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={label}
          tabIndex={0}
          onPointerMove={point}
          onPointerDown={point}
          onPointerLeave={() => setAt(null)}
          onBlur={() => setAt(null)}
          onKeyDown={move}
        >
          {grid.map((value) => (
            <g key={value}>
              <line x1={LEFT} x2={width} y1={y(value)} y2={y(value)} class="grid-line" />
              <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">
                {format(value)}
              </text>
            </g>
          ))}
          {dates.map((date) => (
            <text key={date} x={Math.min(x(date), width - 18)} y={HEIGHT - 5} text-anchor="middle">
              {timeLabel(date, step)}
            </text>
          ))}
          {lines.map((line) => (
            <Curve
              key={line.label}
              line={line}
              points={line.values.map((value, i) => (value === null ? null : [x(times[i]!), y(value)]))}
              ground={y(0)}
            />
          ))}
          {shown !== null && (
            <line x1={x(times[shown]!)} x2={x(times[shown]!)} y1={TOP} y2={HEIGHT - BOTTOM} class="cross" />
          )}
          {shown !== null &&
            lines.map(
              (line) =>
                line.values[shown] != null && (
                  <circle
                    key={line.label}
                    cx={x(times[shown]!)}
                    cy={y(line.values[shown]!)}
                    r={3.5}
                    class={`tone-${line.tone}`}
                  />
                ),
            )}
        </svg>
      </div>
      <ul class="legend" aria-live={shown === null ? 'off' : 'polite'}>
        {lines.map((line) => (
          <li key={line.label} class={`tone-${line.tone}`}>
            {line.label} <strong>{told(shown === null ? latest(line) : line.values[shown], format)}</strong>
          </li>
        ))}
        <li class="quiet">
          {shown === null ? 'latest' : exact(new Date(times[shown]! * 1000).toISOString()).slice(0, 19)}
        </li>
      </ul>
    </div>
  );
}

type Point = [number, number] | null;

function Curve({ line, points, ground }: { line: Line; points: Point[]; ground: number }) {
  const stretches = split(points);
  return (
    <g class={`tone-${line.tone}`}>
      {line.isArea &&
        stretches.map((stretch, i) => (
          <path key={i} class="area" d={`${path(stretch)}V${ground}H${stretch[0]![0]}Z`} />
        ))}
      {stretches.map((stretch, i) =>
        stretch.length === 1 ? (
          <circle key={i} cx={stretch[0]![0]} cy={stretch[0]![1]} r={2.5} />
        ) : (
          <path key={i} class="curve" d={path(stretch)} />
        ),
      )}
    </g>
  );
}

/** Where nothing is known the line has a gap. */
function split(points: Point[]): [number, number][][] {
  const stretches: [number, number][][] = [[]];
  for (const point of points) {
    if (point) stretches.at(-1)!.push(point);
    else if (stretches.at(-1)!.length) stretches.push([]);
  }
  return stretches.filter((stretch) => stretch.length);
}

const path = (points: [number, number][]) => 'M' + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L');

/** The latest that is known: of the present minute there may be nothing yet. */
const latest = (line: Line) => line.values.findLast((value) => value !== null);

const told = (value: number | null | undefined, format: (value: number) => string) =>
  value == null ? '–' : format(value);
