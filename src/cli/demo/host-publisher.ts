/** This machine as an MQTT device: what the `host` source measures, published to a broker. */
import type { StageContext } from '../../core/kind.js';
import { MqttConnection } from '../../mqtt/connection.js';
import { connectionOptions } from '../listen.js';
import { hostKind } from '../../source/host.js';
import { fromSource } from '../../stream.js';

/** The host source never runs ahead: it measures four times a second. */
export class HostPublisher {
  readonly #connection: MqttConnection;
  #stop: (() => void) | undefined;

  constructor(
    private readonly topic: string,
    url: string,
    private readonly context: StageContext,
  ) {
    const { baseDir, log } = context;
    const options = connectionOptions({ url });
    this.#connection = new MqttConnection(options, { clientId: `${context.name}-host`, baseDir, log });
  }

  /** @throws UserError `BROKER_…` */
  async start(signal: AbortSignal): Promise<void> {
    await this.#connection.start(signal);
    const source = hostKind.create(hostKind.schema.parse({ kind: 'host' }), { ...this.context, index: 0 });
    const lost = (): void => this.context.counters.count('demo.not-published');
    const subscription = fromSource(source).subscribe({
      next: (packets) => {
        for (const { bytes } of packets) {
          this.#connection.publish(this.topic, Buffer.from(bytes).toString(), 0).catch(lost);
        }
      },
      error: lost,
    });
    this.#stop = () => subscription.unsubscribe();
  }

  async stop(): Promise<void> {
    this.#stop?.();
    await this.#connection.stop();
  }
}
