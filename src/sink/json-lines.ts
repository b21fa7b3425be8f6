/**
 * Events as lines of JSON, in bytes. There is a score for every time step, and to make the text of each, join it and
 * encode it would cost as much as to judge it: a score is written byte by byte, as `eventJson` would have it.
 */
import type { KiokuEvent, ScoreEvent } from '../core/events.js';
import { toIso } from '../core/time.js';
import { eventJson } from './event-json.js';

const FIRST_BYTES = 65_536;
/** A larger buffer, as after a disk was slow, is let go. */
const KEPT_BYTES = 4_194_304;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const LAST_ASCII = 0x7e;

const MINUTE_US = 60_000_000;
/** `2026-01-31T12:00:` */
const MINUTE_CHARS = 17;
/** More than a score takes beside its names. */
const SCORE_BYTES = 200;

const TYPE_TIME = Buffer.from('{"type":"score","time":"');
const US = Buffer.from('Z","us":');
const STREAM = Buffer.from(',"stream":');
const ID = Buffer.from(',"id":');
const SCORE = Buffer.from(',"score":');
const PROVIDER = Buffer.from(',"provider":');

export class JsonLines {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  /** What was taken last. */
  #other = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;
  /** Minute of the last score, and how its time begins. */
  #minute = Number.NaN;
  #minuteText = '';

  add(event: KiokuEvent): void {
    if (event.type === 'score' && isPlain(event)) this.#score(event);
    else this.#text(eventJson(event));
    this.#room(1);
    this.#bytes[this.#at++] = NEWLINE;
  }

  /** Of the lines since the last `take`. */
  get bytes(): number {
    return this.#at;
  }

  /** @returns the lines since the last call, until the next call: what is added meanwhile goes elsewhere */
  take(): Uint8Array {
    const lines = this.#bytes.subarray(0, this.#at);
    const taken = this.#bytes;
    this.#bytes = this.#other.length > KEPT_BYTES ? Buffer.allocUnsafe(FIRST_BYTES) : this.#other;
    this.#other = taken;
    this.#at = 0;
    return lines;
  }

  #score({ id, stream, us, score, provider }: ScoreEvent): void {
    this.#room(SCORE_BYTES);
    this.#copy(TYPE_TIME);
    this.#time(us);
    this.#copy(US);
    this.#whole(us, digitsOf(us));
    this.#copy(STREAM);
    this.#quoted(stream);
    this.#copy(ID);
    this.#quoted(id);
    this.#room(SCORE_BYTES);
    this.#copy(SCORE);
    this.#ascii(String(score));
    if (provider !== undefined) {
      this.#copy(PROVIDER);
      this.#quoted(provider);
    }
    this.#room(1);
    this.#bytes[this.#at++] = 0x7d;
  }

  /** As `toIso`, without the `Z`. */
  #time(us: number): void {
    const minute = Math.floor(us / MINUTE_US);
    if (minute !== this.#minute) {
      this.#minuteText = toIso(minute * MINUTE_US).slice(0, MINUTE_CHARS);
      this.#minute = minute;
    }
    this.#ascii(this.#minuteText);
    const ofMinute = us - minute * MINUTE_US;
    const seconds = Math.floor(ofMinute / 1e6);
    const fraction = ofMinute - seconds * 1e6;
    this.#whole(seconds, 2);
    this.#bytes[this.#at++] = 0x2e;
    const ms = Math.floor(fraction / 1000);
    this.#whole(ms, 3);
    if (fraction > ms * 1000) this.#whole(fraction - ms * 1000, 3);
  }

  /** @param digits with zeros before it, as many as that */
  #whole(value: number, digits: number): void {
    const bytes = this.#bytes;
    const at = this.#at;
    let rest = value;
    for (let i = at + digits - 1; i >= at; i--) {
      const next = Math.floor(rest / 10);
      bytes[i] = ZERO + (rest - 10 * next);
      rest = next;
    }
    this.#at = at + digits;
  }

  #quoted(text: string): void {
    this.#room(text.length + SCORE_BYTES);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < SPACE || code > LAST_ASCII || code === QUOTE || code === BACKSLASH) {
        return this.#text(JSON.stringify(text));
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.#at = at;
  }

  #ascii(text: string): void {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#at = at + text.length;
  }

  #copy(literal: Uint8Array): void {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < literal.length; i++) bytes[at + i] = literal[i];
    this.#at = at + literal.length;
  }

  #text(text: string): void {
    this.#room(Buffer.byteLength(text) + SCORE_BYTES);
    this.#at += this.#bytes.write(text, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(2 * (this.#at + bytes));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
}

/** Whether it has what nearly all scores have, and nothing else. */
function isPlain({ us, score, channels }: ScoreEvent): boolean {
  return channels === undefined && Number.isSafeInteger(us) && us >= 0 && Number.isFinite(score);
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits++;
  return digits;
}
