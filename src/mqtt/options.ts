/** What a user may write about one MQTT connection; the same for the source and the sink. */
import { z } from 'zod';

const SCHEMES = new Set(['mqtt:', 'mqtts:', 'ws:', 'wss:']);

const url = z.string().superRefine((text, ctx) => {
  const reject = (message: string): void => ctx.addIssue({ code: 'custom', message });
  if (!URL.canParse(text)) return reject('must be an address such as mqtt://localhost:1883');
  const parsed = new URL(text);
  if (!SCHEMES.has(parsed.protocol)) return reject('must begin with mqtt://, mqtts://, ws:// or wss://');
  if (parsed.hostname === '') return reject('must name a host, such as mqtt://localhost:1883');
  if (parsed.username !== '' || parsed.password !== '') {
    return reject('must not hold a login: write username and passwordFile or passwordEnv (secrets only by reference)');
  }
});

/** Keys of a connection, to be spread into the schema of a source or a sink; add `checkConnection` to that schema. */
export const connectionShape = {
  url: url.meta({
    title: 'Broker',
    description: 'Address of the broker: mqtt://, mqtts:// (TLS), ws:// or wss://; ports 1883 and 8883 unless given.',
  }),
  protocolVersion: z
    .union([z.literal(4), z.literal(5)])
    .default(5)
    .meta({
      title: 'MQTT version',
      description: '5, or 4 for MQTT 3.1.1. With 5, a broker that only speaks 3.1.1 is answered in 3.1.1.',
    }),
  clientId: z.string().min(1).max(256).optional().meta({
    title: 'Client id',
    description: 'Fixed name at the broker, one per connection; absent: made of the name of the configuration.',
  }),
  sessionExpirySeconds: z.int().min(0).max(4_294_967_295).default(3600).meta({
    title: 'Session expiry',
    description:
      'How long the broker keeps messages while kioku is away; 0: not at all. MQTT 3.1.1: above 0 is for ever.',
    unit: 's',
  }),
  username: z.string().min(1).optional().meta({ title: 'User', description: 'User name at the broker.' }),
  passwordFile: z.string().min(1).optional().meta({
    title: 'Password file',
    description: 'File that holds the password and nothing else (one line end is ignored).',
  }),
  passwordEnv: z.string().min(1).optional().meta({
    title: 'Password variable',
    description: 'Name of the environment variable that holds the password.',
  }),
  ca: z.string().min(1).optional().meta({
    title: 'Certificate authority',
    description: 'PEM file of the authority that signed the certificate of the broker; absent: the public ones.',
  }),
  cert: z.string().min(1).optional().meta({
    title: 'Client certificate',
    description: 'PEM file of the certificate that kioku shows to the broker; needs key.',
  }),
  key: z.string().min(1).optional().meta({
    title: 'Client key',
    description: 'PEM file of the private key of cert.',
  }),
  keepAliveSeconds: z.int().min(1).max(65_535).default(30).meta({
    title: 'Keep-alive',
    description: 'A connection without an answer for one and a half times this long counts as lost.',
    unit: 's',
  }),
  connectTimeoutMs: z.int().min(100).max(600_000).default(10_000).meta({
    title: 'Connect timeout',
    description: 'How long a broker may take to answer the login.',
    unit: 'ms',
  }),
  reconnectMaxMs: z.int().min(100).max(3_600_000).default(30_000).meta({
    title: 'Longest pause before reconnecting',
    description: 'The pause doubles after every failure, from 250 ms up to this.',
    unit: 'ms',
  }),
  statusTopic: z
    .string()
    .min(1)
    .regex(/^[^+#]*$/, 'must not hold + or #')
    .optional()
    .meta({
      title: 'Status topic',
      description:
        'Topic with a retained online or offline; the broker itself says offline when kioku dies (last will).',
    }),
};

const connectionSchema = z.strictObject(connectionShape);
export type ConnectionOptions = z.output<typeof connectionSchema>;

/** Rules between the keys of a connection; for `.superRefine`. */
export function checkConnection(options: ConnectionOptions, ctx: z.core.$RefinementCtx): void {
  const reject = (key: keyof ConnectionOptions, message: string): void => {
    ctx.addIssue({ code: 'custom', path: [key], message });
  };
  const tls = options.url.startsWith('mqtts:') || options.url.startsWith('wss:');
  if (options.passwordFile !== undefined && options.passwordEnv !== undefined) {
    reject('passwordEnv', 'must not be there beside passwordFile: one password is enough');
  }
  const password = options.passwordFile === undefined ? 'passwordEnv' : 'passwordFile';
  if (options[password] !== undefined && options.username === undefined) {
    reject(password, 'needs a username');
  }
  if (options.cert !== undefined && options.key === undefined) reject('cert', 'needs key');
  if (options.key !== undefined && options.cert === undefined) reject('key', 'needs cert');
  for (const key of ['ca', 'cert'] as const) {
    if (options[key] !== undefined && !tls) reject(key, 'needs an address with TLS: mqtts:// or wss://');
  }
}
