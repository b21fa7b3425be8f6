/** What is damaged: one honest input of each form. */
import { syllables, tokensFile } from '../support/speech-models/tokens.js';
import { tone, wavOf } from '../support/wav.js';

const T0 = 1_769_860_800;

export const JSON_SEEDS = [
  '{"time": "2026-01-31T12:00:00Z", "temperature": 21.5, "pressure": {"inlet": 1.2, "outlet": [3, 4]}, "on": true}',
  '[{"ts": 1769860800123, "v": 1}, {"ts": 1769860801123, "v": -2.5e-3, "note": "a \\u00e9 \\"b\\""}]',
  '{"device": "pump", "readings": [{"n": "a", "v": 1e3}, {"n": "b", "v": null}], "seq": 17}',
  '{"value": 21.5, "time": 1769860800, "unit": "°C"}',
  '42.5',
].map((text) => Buffer.from(text));

export const CSV_SEEDS = [
  'time,temperature,"a, b"\n2026-01-31 12:00:00,21.5,1\n2026-01-31 12:00:01,22,"2"\n2026-01-31 12:00:02,,x\n',
  `ts;v;w\r\n${T0};1,5;2\r\n${T0 + 1};2,5;3\r\n`,
].map((text) => Buffer.from(text));

export const JSONL_SEEDS = [
  `{"time": ${T0}, "v": 1}\n{"time": ${T0 + 1}, "v": 2}\n\n{"time": ${T0 + 2}, "v": {"x": 3}}\n`,
  [
    '{"kioku":"recording","version":1,"name":"hall","createdAt":"2026-01-31T12:00:00Z"}',
    `{"t":${T0}000000,"topic":"a/b","p":"21.5"}`,
    `{"t":${T0}500000,"topic":"a/c","b64":"e30="}`,
  ].join('\n'),
].map((text) => Buffer.from(text));

export const WAV_SEEDS = [
  wavOf(tone(4000)),
  wavOf(tone(3000, 300, 8000, 2), { format: 'f32le', sampleRateHz: 8000, channels: 2 }),
  wavOf(tone(2000), { format: 's24le' }),
];

export const CONFIG_SEEDS = [
  `name: hall
broker: { host: 127.0.0.1, port: 1883 }
source:
  kind: mqtt
  url: mqtts://broker.example:8883
  topic: ['plant/{device}/{channel}', 'other/+/{device}']
decode: { kind: json, time: { field: ts, format: ms }, channels: { temperature: t.value } }
align: { stepMs: 1000, lateMs: 2000, channels: [{ name: temperature, aggregate: mean, noiseFloor: 0.1 }] }
decide: { kind: anomaly, openScore: 0.4, scores: true }
sinks: [{ kind: console }, { kind: jsonl, path: events.jsonl }]
train: { hidden: 16, layers: 2, maxSeconds: 20 }
runtime: { engine: native, library: ./ort.so, providers: [{ name: cuda, options: { device_id: "0" } }, cpu], threads: 2 }
limits: { maxStreams: 100, streamIdleMs: 60000 }
`,
  `source: { kind: audio-files, files: [a.wav, b.wav], speed: 1, pcm: { format: s16le, sampleRateHz: 16000 } }
decide:
  kind: transcribe
  vad: { threshold: 0.5 }
`,
].map((text) => Buffer.from(text));

export const TOKEN_SEEDS = [Buffer.from(tokensFile(syllables(40))), Buffer.from('<blk> 0\n▁HELLO 1\n<0xE2> 2\n 3\n')];
