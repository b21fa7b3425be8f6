/** A client of mqtt.js, past which plain messages go where its stream can be tapped. */
import { connect, type IClientOptions, type IPublishPacket, MqttClient } from 'mqtt';
import type { Route } from '../core/topic.js';
import { isPlainStream, openBrokerStream } from './broker-stream.js';
import { KnownTopics, type Topic } from './known-topics.js';
import { PublishTap } from './publish-tap.js';

/** Takes every message, whichever way it comes. */
export interface Inbox {
  /** What `take` gets with the topic; that of one that comes often is asked for once. */
  route(topic: string): Route | undefined;
  /**
   * @param retained the broker had it before the subscription
   * @param properties the user properties of MQTT 5, when it came with some; the last of those that have the same key
   * @returns false: nothing more until what `hold` gets is called
   */
  take(topic: Topic, payload: Buffer, retained: boolean, properties?: Readonly<Record<string, string>>): boolean;
  /** @param goOn acknowledges the message and reads on; with an error, neither */
  hold(goOn: (error?: Error) => void): void;
}

/** @param url checked: mqtt://, mqtts://, ws:// or wss:// @returns not connected yet */
export function makeClient(url: string, options: IClientOptions, inbox: Inbox): MqttClient {
  let tap: PublishTap | undefined;
  const holdUp = (held: PublishTap | undefined, done?: (error?: Error) => void): void => {
    held?.hold();
    inbox.hold((error) => {
      done?.(error);
      if (error === undefined) held?.release();
    });
  };
  const topics = new KnownTopics(inbox.route.bind(inbox));
  const openTapped = (client: MqttClient): ReturnType<typeof openBrokerStream> => {
    const stream = openBrokerStream(url, options);
    const version = client.options.protocolVersion === 5 ? 5 : 4;
    const tapped = new PublishTap(stream, version, topics, (topic, payload, retained) => {
      if (!inbox.take(topic, payload, retained)) holdUp(tapped);
    });
    tap = tapped;
    return stream;
  };
  const client = isPlainStream(url) ? new MqttClient(openTapped, options) : connect(url, options);
  client.handleMessage = ({ topic, payload, retain, properties }: IPublishPacket, done) => {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    const user = properties?.userProperties;
    if (inbox.take({ text: topic, route: inbox.route(topic) }, bytes, retain, user && flat(user))) done();
    else holdUp(tap, done);
  };
  return client;
}

/** One value a key: MQTT allows a key to be repeated. */
function flat(properties: Readonly<Record<string, string | string[]>>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [key, value] of Object.entries(properties)) {
    const last = typeof value === 'string' ? value : value.at(-1);
    if (last !== undefined) single[key] = last;
  }
  return single;
}
