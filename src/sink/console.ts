/** Events for people, one line each: incidents by phase, what was said, which keyword, when somebody spoke; in colour on a terminal. */
import { createColors } from 'picocolors';
import { z } from 'zod';
import type { Sink } from '../core/contracts.js';
import type { Contribution, IncidentEvent, KiokuEvent, Severity, SpeechEvent } from '../core/events.js';
import type { SinkKind } from '../core/kind.js';

/** Channels named in a line; the rest is counted. */
const MOST_CHANNELS = 3;

const schema = z
  .strictObject({
    kind: z.literal('console').meta({ title: 'Kind', description: 'Events to standard output, for people.' }),
    scores: z.boolean().default(false).meta({
      title: 'Scores',
      description: 'Whether scores are shown as well, where the decider sends them.',
    }),
    partials: z.boolean().default(false).meta({
      title: 'Partial transcripts',
      description: 'Whether what was understood so far is shown as well, a line each, while somebody speaks.',
    }),
  })
  .meta({
    title: 'Console',
    description: 'Incidents, final transcripts, keywords and speech for people, one line each.',
  });

type Options = z.output<typeof schema>;
type Colors = ReturnType<typeof createColors>;

/** Where lines go: standard output, or a test's. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string, done: (error?: Error | null) => void): boolean;
}

/** A length of time in its two largest units: `950 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(us: number): string {
  const seconds = us / 1e6;
  if (seconds < 1) return `${Math.round(us / 1000)} ms`;
  if (seconds < 59.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Four significant digits, without an exponent where a person would not write one. */
function formatValue(value: number): string {
  return Math.abs(value) >= 1e4 && Math.abs(value) < 1e15
    ? Math.round(value).toString()
    : `${Number(value.toPrecision(4))}`;
}

/** Local time to the second, as a log has it. */
function formatTime(us: number): string {
  const local = new Date(us / 1000);
  const minutes = local.getTimezoneOffset();
  return new Date(local.getTime() - minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** Names come from topics and payloads: none may move the cursor of a terminal or begin a line of its own. */
function printable(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, '\uFFFD');
}

const WORDS: Readonly<Record<Contribution['view'], string>> = {
  level: '',
  drift: ', drifting',
  noise: ', noise changed',
  still: ', no longer moves',
};

function formatChannel({ name, view, expected, observed }: Contribution): string {
  return `${printable(name)} ${formatValue(observed)} (expected ${formatValue(expected)}${WORDS[view]})`;
}

function formatChannels(channels: readonly Contribution[]): string {
  const shown = channels.slice(0, MOST_CHANNELS).map(formatChannel).join(', ');
  return channels.length > MOST_CHANNELS ? `${shown} and ${channels.length - MOST_CHANNELS} more` : shown;
}

/** What is said after the severity. */
function describe(event: IncidentEvent): string {
  // Below 0 when the device's clock was set back meanwhile.
  const lasted = formatDuration(Math.max(0, event.us - event.sinceUs));
  // An end need not mean that there is data again: the stream may have been given up, or the watch ended.
  if (event.reason === 'silent') return event.phase === 'end' ? `over after ${lasted}` : `no data for ${lasted}`;
  const channels = formatChannels(event.channels);
  if (event.phase === 'new') return channels;
  const what = channels === '' ? '' : ` · ${channels}`;
  if (event.phase === 'update') return `for ${lasted}${what}`;
  return event.reason === 'new-normal' ? `after ${lasted}, now learnt as normal${what}` : `after ${lasted}${what}`;
}

function paint(colors: Colors, event: IncidentEvent, text: string): string {
  if (event.phase === 'end') return colors.green(text);
  const bySeverity: Readonly<Record<Severity, (text: string) => string>> = {
    info: colors.cyan,
    warning: colors.yellow,
    critical: colors.red,
  };
  return bySeverity[event.severity](text);
}

/** A position in a recording: `0:01.2`, `12:04.0`, `1:02:03.4`. */
function formatPosition(us: number): string {
  const tenths = Math.round(us / 1e5);
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return hours === 0 ? `${minutes}:${seconds}` : `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`;
}

/** What was said or heard. */
function describeSpeech(event: SpeechEvent, colors: Colors): string {
  if (event.type === 'final') return printable(event.text);
  if (event.type === 'partial') return colors.dim(`${printable(event.text)} …`);
  if (event.type === 'keyword') return `${colors.green(printable(event.keyword))} ${event.score.toFixed(2)}`;
  if (event.type === 'speech-start') return colors.dim('speech begins');
  if (event.type === 'endpoint') return colors.dim(`pause, by rule ${event.rule}`);
  return colors.dim(`speech ends after ${formatDuration(event.us - event.startUs)}`);
}

/** By the clock where that is known, else by the position in the recording; transcripts and keywords have the time of their first word. */
function formatSpeechTime({ type, us, startUs, originUs }: SpeechEvent): string {
  const when = type === 'final' || type === 'partial' || type === 'keyword' ? startUs : us;
  return originUs > 0 ? formatTime(when) : formatPosition(when - originUs);
}

/** One event as one line without its end. @param colors from picocolors; disabled for plain text */
export function formatEvent(event: KiokuEvent, colors: Colors): string {
  const stream = colors.bold(printable(event.stream));
  if (event.type !== 'incident' && event.type !== 'score') {
    return `${colors.dim(formatSpeechTime(event))} ${stream} ${describeSpeech(event, colors)}`;
  }
  const start = `${colors.dim(formatTime(event.us))} ${stream}`;
  const score = event.score.toFixed(2);
  if (event.type === 'score') return `${start} score ${score}`;
  const phase = paint(colors, event, event.phase.toUpperCase().padEnd(6));
  return `${start} ${phase} ${event.severity} ${event.reason} ${score} ${describe(event)}`;
}

class ConsoleSink implements Sink {
  readonly #colors: Colors;
  // The `final` before an endpoint says that there was a pause.
  readonly #unwanted = new Set<KiokuEvent['type']>(['endpoint']);

  constructor(
    options: Options,
    readonly output: Output,
    env: NodeJS.ProcessEnv,
  ) {
    if (!options.scores) this.#unwanted.add('score');
    if (!options.partials) this.#unwanted.add('partial');
    // https://no-color.org: set and not empty, whatever the value.
    this.#colors = createColors(output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb');
  }

  start(signal: AbortSignal): Promise<void> {
    return signal.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  write(events: readonly KiokuEvent[]): Promise<void> {
    let text = '';
    for (const event of events) {
      if (!this.#unwanted.has(event.type)) text += `${formatEvent(event, this.#colors)}\n`;
    }
    if (text === '') return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.output.write(text, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

/** @param output where the lines go @param env for `NO_COLOR` and `TERM` */
export function consoleSink(options: Options, output: Output, env: NodeJS.ProcessEnv): Sink {
  return new ConsoleSink(options, output, env);
}

export const consoleKind: SinkKind<typeof schema> = {
  schema,
  create: (options) => consoleSink(options, process.stdout, process.env),
};
