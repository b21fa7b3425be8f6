/** What a file is, by the bytes that it begins with. */

/** The longest beginning that is looked at. */
const LOOKED_AT = 64;

const MAGIC: readonly (readonly [name: string, at: number, magic: string])[] = [
  ['an MP3 file', 0, 'ID3'],
  ['a FLAC file', 0, 'fLaC'],
  ['an Ogg file (Opus or Vorbis)', 0, 'OggS'],
  ['an MP4 or M4A file', 4, 'ftyp'],
  ['an AIFF file', 0, 'FORM'],
  ['an AU file', 0, '.snd'],
  ['a Core Audio file', 0, 'caff'],
  ['a Matroska or WebM file', 0, '\x1AE\xDF\xA3'],
  ['an AMR file', 0, '#!AMR'],
  ['a big-endian WAV file (RIFX)', 0, 'RIFX'],
  ['a Wave64 file', 0, 'riff'],
  ['a ZIP archive', 0, 'PK\x03\x04'],
  ['a gzip archive', 0, '\x1F\x8B\x08'],
];

/** Whether the bytes begin like a WAV file: RIFF, or RF64 and BW64 for more than 4 GB. */
export function beginsLikeWav(bytes: Uint8Array): boolean {
  const magic = latin1(bytes.subarray(0, 4));
  return magic === 'RIFF' || magic === 'RF64' || magic === 'BW64';
}

/** @returns such as `a FLAC file`; undefined when it could be raw audio */
export function magicOf(bytes: Uint8Array): string | undefined {
  const text = latin1(bytes.subarray(0, LOOKED_AT));
  for (const [name, at, magic] of MAGIC) if (text.startsWith(magic, at)) return name;
  // Samples of any width that are all printable for this long are no sound.
  return text.length >= 12 && /^[\t\n\r\x20-\x7E]+$/.test(text) ? 'text' : undefined;
}

/** MPEG and AAC files may begin with a frame at once: eleven or twelve set bits, which raw audio may begin with as well. */
export function mpegOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] !== 0xff) return undefined;
  if ((bytes[1] & 0xf6) === 0xf0) return 'an AAC file';
  return (bytes[1] & 0xe0) === 0xe0 ? 'an MP3 file' : undefined;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
