import { expect, it } from 'vitest';
import { Router } from '../../src/source/router.js';

it('gives the first template that fits, and one object a topic', () => {
  const router = new Router(['a/{x}', 'a/{x}/{channel}', '{y}/#']);
  expect(router.route('a/1')).toEqual({ stream: '1' });
  expect(router.route('a/1/v')).toEqual({ stream: '1', channel: 'v' });
  expect(router.route('b/1/v')).toEqual({ stream: 'b' });
  expect(router.route('a/1')).toBe(router.route('a/1'));
});

it('subscribes once where templates ask for the same', () => {
  expect(new Router(['{a}/x', '{b}/x', 'c/#']).filters).toEqual(['+/x', 'c/#']);
});

it('goes on when it has seen more topics than it remembers', () => {
  const router = new Router('d/{x}');
  for (let i = 0; i < 200_000; i++) router.route(`d/${i}`);
  expect(router.route('d/0')).toEqual({ stream: '0' });
  expect(router.route('e/0')).toBeUndefined();
  expect(router.route('e/0')).toBeUndefined();
});

it('does not remember topics as long as MQTT allows', () => {
  const router = new Router('d/{x}');
  const long = 'x'.repeat(60_000);
  expect(router.route(`d/${long}`)).toEqual({ stream: long });
  expect(router.route(`d/${long}`)).not.toBe(router.route(`d/${long}`));
});
