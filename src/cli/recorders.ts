/** Where `kioku record` puts what comes: messages into one file, audio into WAV clips. */
import type { Config } from '../config/config.js';
import type { Frame, Packet } from '../core/contracts.js';
import { counted } from '../core/counted.js';
import type { StageContext } from '../core/kind.js';
import { ClipWriter } from '../source/clips.js';
import { RecordingWriter } from '../source/recording.js';

export interface Recorder {
  /** File or folder. */
  readonly path: string;
  /** Await it before more is handed over. @throws UserError `DISK` */
  append(packets: readonly Packet[]): Promise<void>;
  /** Called now and then, so that a power cut does not cost everything. @throws UserError `DISK` */
  flush(): Promise<void>;
  /** @throws UserError `DISK` */
  close(): Promise<void>;
  /** What was written, for a program. */
  result(): object;
  /** The same for a person. */
  describe(): string;
}

/** @param out file (of messages) or folder (of clips); absent: named after the configuration and the time */
export async function openRecorder(config: Config, context: StageContext, out: string | undefined): Promise<Recorder> {
  const usual = `${config.name}-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}`;
  return config.decode.audio ? openClips(config, context, out ?? usual) : openMessages(config, out ?? `${usual}.jsonl`);
}

async function openMessages(config: Config, path: string): Promise<Recorder> {
  const writer = await RecordingWriter.create(path, config.name);
  return {
    path,
    append: (packets) => writer.append(packets),
    flush: () => writer.flush(),
    close: () => writer.close(),
    result: () => ({ file: path, messages: writer.written }),
    describe: () => `${path}: ${counted(writer.written, 'message')}`,
  };
}

async function openClips(config: Config, context: StageContext, folder: string): Promise<Recorder> {
  const writer = await ClipWriter.create(folder);
  const decoder = config.decode.create(context);
  return {
    path: folder,
    append(packets) {
      const frames: Frame[] = [];
      for (const packet of packets) decoder.decode(packet, (frame) => void frames.push(frame));
      return writer.append(frames);
    },
    // A clip is whole or not there.
    flush: () => Promise.resolve(),
    close: () => writer.close(),
    result: () => ({ folder, clips: writer.written, seconds: writer.seconds }),
    describe: () => `${folder}: ${counted(writer.written.length, 'clip')}, ${writer.seconds.toFixed(1)} s`,
  };
}
