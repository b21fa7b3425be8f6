/** An event as the JSON that leaves this process. */
import type { Micros } from '../core/contracts.js';
import type { IncidentEvent, KiokuEvent, SpeechEvent, Token, TranscriptEvent, Word } from '../core/events.js';
import { toIso } from '../core/time.js';

/** @returns one line: the event as it is (times in µs), with times for people beside it */
export function eventJson(event: KiokuEvent): string {
  return JSON.stringify(fieldsOf(event));
}

function fieldsOf(event: KiokuEvent): object {
  if (event.type === 'incident') return incidentFields(event);
  if (event.type === 'score') {
    const { type, id, stream, us, score, channels, provider } = event;
    return { type, time: toIso(us), us, stream, id, score, channels, provider };
  }
  if (event.type === 'endpoint') return { ...speechFields(event), rule: event.rule };
  if (event.type === 'keyword') {
    const { keyword, score, threshold } = event;
    return { ...speechFields(event), keyword, score, threshold };
  }
  if ('probability' in event) return { ...speechFields(event), probability: event.probability };
  return { ...speechFields(event), ...transcriptFields(event) };
}

/** `time` and `since` in ISO 8601. */
function incidentFields({ type, id, stream, us, score, ...rest }: IncidentEvent): object {
  const { phase, severity, reason, sinceUs, channels, provider } = rest;
  const [time, since] = [toIso(us), toIso(sinceUs)];
  return { type, phase, time, us, stream, id, severity, score, reason, since, sinceUs, channels, provider };
}

/** `start` and `end` in seconds since the first sample; `time` (of the end) where that is known by the clock. */
function speechFields({ type, id, stream, us, segment, originUs, startUs, provider }: SpeechEvent): object {
  const [start, end] = [seconds(startUs, originUs), seconds(us, originUs)];
  const clock = originUs > 0 ? { time: toIso(us) } : {};
  return { type, ...clock, stream, id, segment, start, end, us, startUs, originUs, provider };
}

function transcriptFields({ type, text, tokens, words, alternatives, originUs }: TranscriptEvent): object {
  return {
    ...(type === 'partial' ? { unstable: true } : {}),
    text,
    words: words.map((word) => ({ ...span(word, originUs), confidence: word.confidence })),
    tokens: tokens.map((token) => ({ ...span(token, originUs), logProb: token.logProb })),
    ...(alternatives === undefined ? {} : { alternatives }),
  };
}

function span({ text, startUs, endUs }: Word | Token, originUs: Micros): object {
  return { text, start: seconds(startUs, originUs), end: seconds(endUs, originUs), startUs, endUs };
}

/** @returns the position in the audio, to the millisecond */
function seconds(us: Micros, originUs: Micros): number {
  return Math.round((us - originUs) / 1000) / 1000;
}
