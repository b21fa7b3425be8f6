/** What a transcriber makes of a search that pursues several paths: it may change its mind. */
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/core/counters.js';
import { UserError } from '../../src/core/errors.js';
import type { KiokuEvent, SpeechEvent } from '../../src/core/events.js';
import { silentLog } from '../../src/core/log.js';
import type { Hypothesis } from '../../src/decide/hypothesis.js';
import { rootOf, tokenAfter } from '../../src/decide/path-token.js';
import type { TokenSearch } from '../../src/decide/token-search.js';
import { TokenSpeller } from '../../src/decide/token-speller.js';
import { Transcriber } from '../../src/decide/transcriber.js';
import { Spelling } from '../../src/decide/words.js';
import { batchOf, ctcModel, FRAME_US, frameOf, Listener, tableOf, TOKENS, transducerModel } from './recogniser.js';

const [BLANK, HE, LLO, WORLD, S] = [0, 3, 4, 5, 6];
const BEAM = { search: 'beam', endpoint: { enabled: false } };
const MODELS = { CTC: ctcModel, transducer: transducerModel };

function textsOf(events: readonly SpeechEvent[]): string[] {
  return events.map((event) => `${event.type} ${'text' in event ? event.text : ''}`);
}

/** A search that hears, step by step, what a test wants. */
class ScriptedSearch implements TokenSearch<null> {
  readonly form = 0;
  #steps = 0;

  constructor(private readonly script: readonly (readonly number[])[]) {}

  begin(): null {
    return null;
  }

  pause(): void {}
  cut(): void {}
  load(): null {
    return null;
  }

  save(): number[] {
    return [];
  }

  advance(_output: Float32Array, _input: unknown, [hypothesis]: readonly Hypothesis<null>[]): void {
    const ids = this.script[this.#steps++];
    hypothesis.frames++;
    hypothesis.blanks = ids.length === 0 ? hypothesis.frames : 0;
    let last = rootOf([-1]);
    // What is heard later is also thought to have begun later.
    ids.forEach((id, i) => (last = tokenAfter(last, id, (this.#steps - ids.length + i) * FRAME_US, -0.5)));
    hypothesis.follow(last);
  }
}

/** What is said when the search hears this, a frame each. */
function said(script: readonly (readonly number[])[]): SpeechEvent[] {
  const tokens = tableOf(TOKENS);
  const stages = {
    search: new ScriptedSearch(script),
    spelling: new Spelling(tokens),
    speller: new TokenSpeller(tokens, [BLANK]),
    outputFrames: 1,
    originUs: () => 0,
    provider: 'test/cpu',
    counters: new Counters(),
    log: silentLog,
  };
  const endpoint = { enabled: false, rules: [] };
  const options = { partials: true, endpoint, alternatives: 0, hotwords: [], hotwordBoost: 1 };
  const transcriber = new Transcriber(options, stages, 1);
  const events: SpeechEvent[] = [];
  const emit = (event: KiokuEvent): void => void events.push(event as SpeechEvent);
  transcriber.open(0, 'stream');
  const batch = batchOf(1);
  batch.n = 1;
  script.forEach((_, frame) => {
    batch.us[0] = frame * FRAME_US;
    transcriber.push(new Float32Array(1), batch, emit);
  });
  transcriber.end(0, script.length * FRAME_US, emit);
  return events;
}

describe('a transcript that is revised', () => {
  it('tells every change of the text, under one id whenever the first word is thought to have begun', () => {
    const events = said([[HE], [HE], [WORLD], [WORLD, HE], [WORLD, HE]]);
    expect(textsOf(events)).toEqual(['partial HE', 'partial WORLD', 'partial WORLD HE', 'final WORLD HE']);
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(events.map(({ segment }) => segment)).toEqual([0, 0, 0, 0]);
    expect(new Set(events.map((event) => ('startUs' in event ? event.startUs : 0))).size).toBeGreaterThan(1);
  });

  it('takes back by a final result without text what was nothing after all', () => {
    const events = said([[HE], [HE], [], []]);
    expect(textsOf(events)).toEqual(['partial HE', 'final ']);
    expect(events[1]).toMatchObject({ tokens: [], words: [], segment: 0, id: events[0].id, startUs: 0 });
  });

  it('says nothing of what was given up before it was told, and tells what comes back but once', () => {
    expect(said([[], [], []])).toEqual([]);
    expect(textsOf(said([[HE], [], [HE], [HE]]))).toEqual(['partial HE', 'final HE']);
  });
});

describe.each(Object.entries(MODELS))('a beam over a %s model', (_, model) => {
  it('ends a segment at the last word when nothing else has ended it for a minute, and goes on', () => {
    const heard = ['greedy', 'beam'].map((search) => {
      const listener = new Listener(model(10), { ...BEAM, search, partials: false });
      const word = [HE, BLANK, BLANK, BLANK, LLO, BLANK, BLANK, BLANK, BLANK, BLANK];
      const start = [S, BLANK, BLANK, BLANK, BLANK, BLANK];
      const words = Array.from({ length: 199 }, () => word).flat();
      const us = listener.hearIds([...start, ...words, BLANK, BLANK, BLANK, BLANK], 0);
      listener.decider.end(0, us, listener.emit);
      return [textsOf(listener.events), listener.events.map(({ id, us, startUs }) => [id, us, startUs])];
    });
    expect(heard[1][0]).toHaveLength(2);
    expect(heard[1]).toEqual(heard[0]);
  });

  it('changes its mind when hotwords come amid a segment, and again when they are taken away', () => {
    const listener = new Listener(model(1), BEAM);
    const doubtful = frameOf(HE, 5);
    doubtful[WORLD] = 4.5;
    listener.hear({ us: 0, frames: [doubtful] });
    listener.decider.setHotwords([{ phrase: 'WORLD' }, { phrase: 'QQ' }]);
    listener.hear({ us: FRAME_US, frames: [frameOf(BLANK)] });
    listener.decider.setHotwords([]);
    listener.hear({ us: 2 * FRAME_US, frames: [frameOf(BLANK)] });
    expect(textsOf(listener.events)).toEqual(['partial HE', 'partial WORLD', 'partial HE']);
    expect(listener.counters.get('decide.hotword-refused')).toBe(1);
  });

  it('goes on with the hotwords that hold where it is restored', () => {
    const first = new Listener(model(1), { ...BEAM, hotwords: [{ phrase: 'WORLD' }] });
    const doubtful = frameOf(HE, 5);
    doubtful[WORLD] = 4.5;
    first.hear({ us: 0, frames: [doubtful] });
    const second = new Listener(model(1), BEAM);
    second.decider.load(0, first.decider.save(0));
    second.hear({ us: FRAME_US, frames: [frameOf(BLANK)] });
    expect(textsOf([...first.events, ...second.events])).toEqual(['partial WORLD', 'partial HE']);
  });

  it('tells confidences of alternatives that are shares of everything it considers, whatever it is held to', () => {
    const frames = [HE, LLO, WORLD].map((id, t) => {
      const scores = frameOf(id, 3);
      scores[[WORLD, S, HE][t]] = 2.5;
      return scores;
    });
    const hotwords = [{ phrase: 'WORLD', boost: 2 }];
    for (const held of [
      {},
      { hotwords },
      { vocabulary: ['HELLO', 'WORLDS', 'WORLD'] },
      { hotwords, vocabulary: ['HE'] },
    ]) {
      const sums = [1, 2, 64].map((alternatives) => {
        const listener = new Listener(model(1), { ...BEAM, ...held, partials: false, paths: 16, alternatives });
        frames.forEach((scores, t) => listener.hear({ us: t * FRAME_US, frames: [scores] }));
        listener.decider.end(0, 3 * FRAME_US, listener.emit);
        const all = listener.events.flatMap((event) => (event.type === 'final' ? (event.alternatives ?? []) : []));
        expect(all.length).toBeLessThanOrEqual(alternatives);
        return all.reduce((sum, { confidence }) => sum + confidence, 0);
      });
      expect(sums[0]).toBeGreaterThan(0);
      expect(sums.toSorted((a, b) => a - b)).toEqual(sums);
      expect(sums[2]).toBeCloseTo(1, 12);
    }
  });

  it('takes the memory of a beam of more paths, but not that of another search', () => {
    const wide = new Listener(model(1), { ...BEAM, paths: 16 });
    const us = wide.hearIds([HE, LLO, BLANK, WORLD], 0);
    const narrow = new Listener(model(1), { ...BEAM, paths: 2 });
    narrow.decider.load(0, wide.decider.save(0));
    narrow.hearIds([BLANK, S], us);
    expect(textsOf(narrow.events).at(-1)).toBe('partial HELLO WORLDS');
    const greedy = new Listener(model(1), { ...BEAM, search: 'greedy' });
    greedy.hearIds([HE, LLO], 0);
    expect(() => narrow.decider.load(0, greedy.decider.save(0))).toThrow(UserError);
    expect(() => greedy.decider.setHotwords([])).toThrow(/greedy search has no use for hotwords/);
  });
});
