/** `kioku init`: listens to a broker and writes a configuration for what it hears. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Discovery, TopicGroup, WatchableGroup } from '../../config/discovery/discover.js';
import type { BrokerReference } from '../../config/discovery/proposal.js';
import { counted } from '../../core/counted.js';
import { messageOf, UserError } from '../../core/errors.js';
import { TopicTemplate } from '../../core/topic.js';
import { parseDuration } from '../duration.js';
import type { Io } from '../output.js';
import { table } from '../table.js';

interface Options extends Omit<BrokerReference, 'url'> {
  readonly for: number;
  readonly out: string;
  readonly topic: string;
  readonly force?: true;
  readonly json?: true;
}

/** Fields or channels shown of one group. */
const SHOWN = 6;

export function register(program: Command, io: Io): void {
  program
    .command('init')
    .description('listen to a broker, show what is published, and write a configuration for it')
    .argument('<url>', 'broker, such as mqtt://localhost:1883')
    .addOption(
      new Option('--for <duration>', 'how long to listen; Ctrl-C ends it earlier')
        .argParser(parseDuration)
        .default(30_000, '30s'),
    )
    .option('--out <file>', 'where to write the configuration', 'kioku.yaml')
    .option('--topic <filter>', 'what to listen to', '#')
    .option('--username <name>', 'user at the broker')
    .option('--password-file <file>', 'file that holds the password')
    .option('--password-env <name>', 'environment variable that holds the password')
    .option('--ca <file>', 'PEM file of the authority that signed the certificate of the broker')
    .option('--cert <file>', 'PEM file of a client certificate')
    .option('--key <file>', 'PEM file of its private key')
    .option('--force', 'overwrite the file')
    .option('--json', 'print what was found and proposed as JSON')
    .action(async (url: string, options: Options) => init(url, options, io));
}

async function init(url: string, options: Options, io: Io): Promise<void> {
  if (existsSync(options.out) && !options.force) {
    throw new UserError('ARGUMENT', `${options.out} is already there`, {
      hint: 'give another file with --out, or --force to overwrite it',
    });
  }
  const { connectionOptions, listen } = await import('../listen.js');
  const { discover, isWatchable } = await import('../../config/discovery/discover.js');
  const connection = connectionOptions(reference(url, options, (path) => path));
  const { ListeningBar } = await import('../listening-bar.js');
  const { for: forMs, topic } = options;
  io.note(`listening to ${topic} at ${url}`);
  const log = await io.openLog();
  const bar = new ListeningBar(io, forMs);
  const onMessage = (): void => bar.update(1);
  const heard = await listen({ connection, topic, forMs, log, onMessage }, io.signal).finally(() => bar.stop());
  if (heard.length === 0) {
    throw new UserError('DATA_TOO_SHORT', `nothing was published on ${options.topic} while kioku listened`, {
      hint: 'check that the devices publish and that this user may read the topic, or listen longer with --for 5m',
    });
  }
  const discovery = discover(heard);
  if (!options.json) io.print(describe(discovery));
  const [group, another] = discovery.groups.filter(isWatchable);
  if (group === undefined) {
    throw new UserError('DATA_INVALID', `none of the ${heard.length} messages holds a number`, {
      hint: 'kioku reads JSON and numbers in text; choose other topics with --topic',
    });
  }
  const broker = reference(url, options, (path) => relative(dirname(resolve(options.out)), resolve(path)));
  const { configText, learningTime, proposeStepMs } = await import('../../config/discovery/proposal.js');
  await write(options.out, configText(group, broker, discovery.spanMs));
  if (options.json) io.printJson({ file: options.out, proposed: group.template, ...discovery });
  else {
    const stepMs = proposeStepMs(group.intervalMs, discovery.spanMs);
    io.print(summary(group, { stepMs, learn: learningTime(stepMs), another, file: options.out }));
  }
}

async function write(path: string, text: string): Promise<void> {
  const { parseConfig } = await import('../../config/load.js');
  // Topics and field names are the devices' own: whatever they are, no file is written that `kioku run` would refuse.
  await parseConfig(text, resolve(path), path);
  await writeFile(path, text).catch((cause: unknown) => {
    throw new UserError('DISK', `cannot write ${path}: ${messageOf(cause)}`, { cause });
  });
}

/** @param place turns a path as it was given into one as it is wanted */
function reference(url: string, options: Options, place: (path: string) => string): BrokerReference {
  const { username, passwordEnv, passwordFile, ca, cert, key } = options;
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { passwordFile: place(passwordFile) }),
    ...(passwordEnv === undefined ? {} : { passwordEnv }),
    ...(ca === undefined ? {} : { ca: place(ca) }),
    ...(cert === undefined ? {} : { cert: place(cert) }),
    ...(key === undefined ? {} : { key: place(key) }),
  };
}

function describe({ groups, spanMs }: Discovery): string {
  const messages = groups.reduce((sum, group) => sum + group.messages, 0);
  const rows = groups.map((group) => [
    group.template,
    String(group.topics.length),
    group.perSecond.toPrecision(3),
    String(Math.round(group.meanBytes)),
    group.payload,
    contents(group),
  ]);
  const header = ['topics', 'count', 'msg/s', 'bytes', 'payload', 'holds'];
  return `heard ${counted(messages, 'message')} in ${(spanMs / 1000).toFixed(1)} s\n\n${table(header, rows)}\n`;
}

/** Fields with an example each; where the topics name the channels, those. */
function contents({ fields, channels }: TopicGroup): string {
  const list = fields.length > 0 ? fields : channels;
  const texts = list.slice(0, SHOWN).map((entry) => {
    const name = 'path' in entry && entry.path !== undefined ? entry.path : 'name' in entry ? entry.name : '';
    const role = 'role' in entry && entry.role !== 'measured' && entry.role !== 'other' ? ` (${entry.role})` : '';
    return `${name}=${JSON.stringify(entry.example)}${role}`;
  });
  return texts.join(' ') + (list.length > SHOWN ? ` … ${list.length - SHOWN} more` : '');
}

interface Proposal {
  readonly stepMs: number;
  /** How long to listen before training. */
  readonly learn: string;
  /** What else could be watched, if anything. */
  readonly another: WatchableGroup | undefined;
  readonly file: string;
}

function summary(group: WatchableGroup, { stepMs, learn, another, file }: Proposal): string {
  const names = group.channels.map((channel) => channel.name);
  const shown = names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ', …' : '');
  const step = `${stepMs} ms${group.intervalMs === undefined ? ' (a guess: too few messages; see the file)' : ''}`;
  return [
    `proposed: ${group.template} with ${counted(names.length, 'channel')} (${shown}), time steps of ${step}`,
    ...(another === undefined
      ? []
      : [`to watch another instead: --topic, such as --topic '${new TopicTemplate(another.template).filter}'`]),
    `wrote ${file}; next: kioku check ${file}, then kioku train ${file} --live --for ${learn}`,
  ].join('\n');
}
