import { describe, expect, it } from 'vitest';
import { eventJson } from '../../src/sink/event-json.js';
import {
  endpointEvent,
  incident,
  keywordEvent,
  scoreEvent,
  transcript,
  voiceEvent,
} from '../contracts/sink.contract.js';

const parsed = (event: Parameters<typeof eventJson>[0]): unknown => JSON.parse(eventJson(event));

it('a score as JSON has what was expected, where that is said', () => {
  expect(parsed(scoreEvent('s'))).not.toHaveProperty('channels');
  const channels = [{ name: 'flow', observed: 1.5, expected: 1, low: -0.5, high: 2.5 }];
  expect(parsed({ ...scoreEvent('s'), channels })).toHaveProperty('channels', channels);
});

describe('a speech event as JSON', () => {
  it('has seconds of audio beside the microseconds, to the millisecond', () => {
    expect(parsed(transcript('final', 'f'))).toEqual({
      type: 'final',
      stream: 'hall',
      id: 'f',
      segment: 2,
      start: 61.24,
      end: 62.5,
      us: 62_500_000,
      startUs: 61_240_000,
      originUs: 0,
      text: 'HELLO',
      words: [{ text: 'HELLO', start: 61.24, end: 61.4, startUs: 61_240_000, endUs: 61_400_400, confidence: 0.7 }],
      tokens: [
        { text: ' HEL', start: 61.24, end: 61.28, startUs: 61_240_000, endUs: 61_280_000, logProb: -0.25 },
        { text: 'LO', start: 61.36, end: 61.4, startUs: 61_360_000, endUs: 61_400_400, logProb: -0.5 },
      ],
    });
  });

  it('has other ways to read a segment, where those are told', () => {
    const alternatives = [
      { text: 'HELLO', confidence: 0.75 },
      { text: 'HALLO', confidence: 0.25 },
    ];
    expect(parsed({ ...transcript('final', 'f'), alternatives })).toHaveProperty('alternatives', alternatives);
    expect(parsed(transcript('final', 'f'))).not.toHaveProperty('alternatives');
  });

  it('counts a live stream from its first sample, and says what time it was', () => {
    const originUs = 1_700_000_000_123_000;
    const event = voiceEvent('speech-end', 'v', { originUs, startUs: originUs + 1_500_000, us: originUs + 2_250_000 });
    expect(parsed(event)).toEqual({ ...event, time: '2023-11-14T22:13:22.373Z', start: 1.5, end: 2.25 });
  });

  it('says what stepped the net, where that is known', () => {
    expect(parsed(endpointEvent('e'))).not.toHaveProperty('provider');
    const events = [incident('i'), scoreEvent('s'), transcript('final', 'f'), voiceEvent('speech-end', 'v')];
    for (const event of events) {
      expect(parsed({ ...event, provider: 'native/cpu' })).toHaveProperty('provider', 'native/cpu');
    }
  });

  it('says that a partial may change, and by which rule a segment ended', () => {
    expect(parsed(transcript('partial', 'p'))).toMatchObject({ type: 'partial', unstable: true, text: 'HELLO' });
    expect(parsed(transcript('final', 'f'))).not.toHaveProperty('unstable');
    expect(parsed(endpointEvent('e'))).toMatchObject({ type: 'endpoint', rule: 2, end: 62.5 });
  });

  it('says which keyword was spoken, how sure that is, and when', () => {
    expect(parsed(keywordEvent('k'))).toEqual({ ...keywordEvent('k'), start: 61.24, end: 62.5 });
  });
});
