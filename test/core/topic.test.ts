import { describe, expect, it } from 'vitest';
import { TopicTemplate } from '../../src/core/topic.js';

describe('TopicTemplate', () => {
  it.each([
    ['factory/{device}/{channel}', 'factory/p1/temp', { stream: 'p1', channel: 'temp' }],
    ['{site}/x/{device}', 'north/x/p1', { stream: 'north/p1' }],
    ['home/temperature', 'home/temperature', { stream: 'home/temperature' }],
    ['home/{channel}', 'home/temperature', { stream: 'home', channel: 'temperature' }],
    ['+/{channel}/state', 'hall/light/state', { stream: 'hall/state', channel: 'light' }],
    ['{channel}', 'temperature', { stream: 'temperature', channel: 'temperature' }],
    ['plant/{device}/#', 'plant/p1/a/b', { stream: 'p1' }],
    ['plant/#', 'plant', { stream: 'plant' }],
  ])('%s reads %s', (template, topic, route) => {
    expect(new TopicTemplate(template).route(topic)).toEqual(route);
  });

  it.each([
    ['factory/{device}', 'factory/a/b'],
    ['factory/{device}', 'Factory/a'],
    ['factory/{device}', 'factory/'],
    ['factory/+/x', 'factory/a/y'],
    ['plant/{device}/#', 'plant'],
  ])('%s does not fit %s', (template, topic) => {
    expect(new TopicTemplate(template).route(topic)).toBeUndefined();
  });

  it('subscribes with + in place of variables', () => {
    expect(new TopicTemplate('a/{device}/+/{channel}/#').filter).toBe('a/+/+/+/#');
  });

  it.each(['', 'a/{b', 'a/b}c', 'a/#/b', 'a/+b', '{}', '{1a}', '{a}/{a}', 'a/{b}{c}'])('refuses %j', (template) => {
    expect(() => new TopicTemplate(template)).toThrow(expect.objectContaining({ code: 'TOPIC_TEMPLATE' }));
  });
});
