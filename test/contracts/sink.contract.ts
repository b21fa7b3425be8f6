/** What every sink must do, whatever its kind. */
import { describe, expect, it, type TestContext } from 'vitest';
import type { Sink } from '../../src/core/contracts.js';
import type {
  EndpointEvent,
  IncidentEvent,
  KeywordEvent,
  ScoreEvent,
  TranscriptEvent,
  VoiceEvent,
} from '../../src/core/events.js';

const START_US = 1_700_000_000_000_000;

/** A whole incident event. */
export function incident(id: string, parts: Partial<IncidentEvent> = {}): IncidentEvent {
  return {
    type: 'incident',
    phase: 'new',
    id,
    stream: 'plant/pump',
    us: START_US + 10_000_000,
    sinceUs: START_US,
    score: 0.75,
    severity: 'warning',
    reason: 'anomaly',
    channels: [{ name: 'temperature', view: 'level', expected: 71.5, observed: 91.2, score: 0.75 }],
    ...parts,
  };
}

export function scoreEvent(id: string): ScoreEvent {
  return { type: 'score', id, stream: 'plant/pump', us: START_US, score: 0.1 };
}

const SEGMENT = { stream: 'hall', segment: 2, originUs: 0, startUs: 61_240_000, us: 62_500_000 } as const;

/** `HELLO` in two tokens, at 1:01.2 of a recording. */
export function transcript(
  type: TranscriptEvent['type'],
  id: string,
  parts: Partial<TranscriptEvent> = {},
): TranscriptEvent {
  return {
    type,
    id,
    ...SEGMENT,
    text: 'HELLO',
    tokens: [
      { text: ' HEL', startUs: 61_240_000, endUs: 61_280_000, logProb: -0.25 },
      { text: 'LO', startUs: 61_360_000, endUs: 61_400_400, logProb: -0.5 },
    ],
    words: [{ text: 'HELLO', startUs: 61_240_000, endUs: 61_400_400, confidence: 0.7 }],
    ...parts,
  };
}

export function voiceEvent(type: VoiceEvent['type'], id: string, parts: Partial<VoiceEvent> = {}): VoiceEvent {
  return { type, id, ...SEGMENT, probability: 0.9, ...parts };
}

export function endpointEvent(id: string): EndpointEvent {
  return { type: 'endpoint', id, ...SEGMENT, rule: 2 };
}

export function keywordEvent(id: string): KeywordEvent {
  return { type: 'keyword', id, ...SEGMENT, keyword: 'HELLO', score: 0.75, threshold: 0.5 };
}

export interface SinkUnderTest {
  readonly sink: Sink;
  /** Ids of the incidents that have reached the other side, in order. */
  readonly received: () => Promise<readonly string[]>;
}

/** @param make a fresh sink, not started */
export function sinkContract(name: string, make: (ctx: TestContext) => Promise<SinkUnderTest> | SinkUnderTest): void {
  describe(`sink contract: ${name}`, () => {
    it('has delivered, in order, what it says it has written', async (ctx) => {
      const { sink, received } = await make(ctx);
      await sink.start(new AbortController().signal);
      await sink.write([incident('a'), incident('b', { phase: 'update' })]);
      expect(await received()).toEqual(['a', 'b']);
      await sink.write([]);
      await sink.write([incident('c', { phase: 'end', reason: 'silent', channels: [] })]);
      expect(await received()).toEqual(['a', 'b', 'c']);
      await sink.stop();
    });

    it('stops at any time, more than once', async (ctx) => {
      const never = await make(ctx);
      await expect(never.sink.stop()).resolves.toBeUndefined();
      const { sink } = await make(ctx);
      await sink.start(new AbortController().signal);
      await expect(Promise.all([sink.stop(), sink.stop()])).resolves.toHaveLength(2);
      await expect(sink.stop()).resolves.toBeUndefined();
    });

    it('does not start when it is already aborted', async (ctx) => {
      const { sink } = await make(ctx);
      await expect(sink.start(AbortSignal.abort(new Error('no longer wanted')))).rejects.toThrow('no longer wanted');
      await sink.stop();
    });
  });
}
