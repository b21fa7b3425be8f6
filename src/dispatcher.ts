/**
 * Shares streams out among lanes ("shards") so that together they say what one lane would: a stream stays in its shard, a
 * new one goes where most room is, the stream of all that was unheard for longest makes room, and every shard is told the
 * time at the same places. It keeps the lanes' own rules of who leaves, because it must know where there is room without
 * asking.
 */
import { DEFAULT_GAP_STEPS } from './core/alignment.js';
import type { Frame, Micros } from './core/contracts.js';
import type { Hotword } from './core/hotwords.js';

/** What a lane is to do, in order. */
export type LaneWork =
  | { readonly type: 'frames'; readonly frames: Frame[] }
  | { readonly type: 'tick'; readonly nowUs: Micros }
  | { readonly type: 'forgive'; readonly nowUs: Micros }
  | { readonly type: 'hotwords'; readonly hotwords: readonly Hotword[] }
  | { readonly type: 'end' };

export interface DispatchLimits {
  readonly maxStreams: number;
  /** A stream unheard for this long is forgotten; Infinity: never. */
  readonly streamIdleUs: Micros;
  /** So many streams are put into one lane before another gets one, because they share the runs of its net; ≥ 1. */
  readonly together: number;
  /** Of lanes that take readings: their time step, by whose beginnings silence is judged. Absent: audio. */
  readonly stepUs?: Micros;
}

interface Member {
  readonly shard: Shard;
  /** Arrival clock at its last frame. */
  heardUs: Micros;
  /** Counts up with every frame of any stream. */
  lastUse: number;
}

interface Shard {
  readonly capacity: number;
  /** In order of last use, the one unheard for longest first. */
  readonly members: Map<string, Member>;
  work: LaneWork[];
  /** Whether it ever had a stream; before that its lane has nothing to do and nothing to know. */
  begun: boolean;
  /** What its lane knows of the arrival clock. */
  toldUs: Micros;
}

export class Dispatcher {
  readonly #limits: DispatchLimits;
  readonly #shards: readonly Shard[];
  readonly #members = new Map<string, Member>();
  #clockUs: Micros = -Infinity;
  #uses = 0;
  /** Set while running; for lanes that begin later. */
  #hotwords: LaneWork | undefined;

  /** @param shards 1 … maxStreams */
  constructor(limits: DispatchLimits, shards: number) {
    this.#limits = limits;
    this.#shards = Array.from({ length: shards }, (_, index) => ({
      // The first ones more, where it does not divide: ties go to them as well, so that as few as can be are begun.
      capacity: Math.ceil((limits.maxStreams - index) / shards),
      members: new Map<string, Member>(),
      work: [],
      begun: false,
      toldUs: -Infinity,
    }));
  }

  /** Streams that all shards hold together. */
  get streams(): number {
    return this.#members.size;
  }

  /** Streams that a shard's lane needs room for; all of them together are `maxStreams`. */
  capacityOf(shard: number): number {
    return this.#shards[shard].capacity;
  }

  streamsOf(shard: number): number {
    return this.#shards[shard].members.size;
  }

  push(frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.#advance(frame.arrivedUs);
      const shard = this.#place(frame);
      if (shard === undefined) continue;
      if (this.#clockUs > Math.max(shard.toldUs, frame.arrivedUs)) this.#tell(shard);
      if (frame.arrivedUs > shard.toldUs) shard.toldUs = frame.arrivedUs;
      const last = shard.work.at(-1);
      if (last?.type === 'frames') last.frames.push(frame);
      else shard.work.push({ type: 'frames', frames: [frame] });
    }
  }

  /** See `Lane.tick`. */
  tick(nowUs: Micros): void {
    this.#advance(nowUs);
    if (this.#limits.stepUs !== undefined) return;
    this.#order({ type: 'tick', nowUs });
    this.#forgetIdle(nowUs);
  }

  /** See `Lane.forgive`. */
  forgive(nowUs: Micros): void {
    this.#order({ type: 'forgive', nowUs });
    this.#setClock(nowUs);
  }

  /** See `LaneHost.setHotwords`; also of lanes that begin later. */
  setHotwords(hotwords: readonly Hotword[]): void {
    this.#hotwords = { type: 'hotwords', hotwords };
    this.#order(this.#hotwords);
  }

  end(): void {
    this.#catchUp();
    this.#order({ type: 'end' });
  }

  /** What a shard has to do since it was last asked. */
  take(shard: number): LaneWork[] {
    const { work } = this.#shards[shard];
    if (work.length > 0) this.#shards[shard].work = [];
    return work;
  }

  /** As `StreamLane` moves its clock; only what concerns every shard is told to all at once. */
  #advance(nowUs: Micros): void {
    const { stepUs } = this.#limits;
    if (stepUs === undefined) return;
    if (nowUs < this.#clockUs - DEFAULT_GAP_STEPS * stepUs || this.#clockUs === -Infinity) {
      this.#catchUp();
      this.#order({ type: 'tick', nowUs });
      this.#setClock(nowUs);
      return;
    }
    const entered = Math.floor(nowUs / stepUs) > Math.floor(this.#clockUs / stepUs);
    if (nowUs > this.#clockUs) this.#clockUs = nowUs;
    if (!entered) return;
    this.#catchUp();
    this.#forgetIdle(nowUs);
  }

  #catchUp(): void {
    for (const shard of this.#shards) if (shard.begun && this.#clockUs > shard.toldUs) this.#tell(shard);
  }

  #tell(shard: Shard): void {
    shard.work.push({ type: 'tick', nowUs: this.#clockUs });
    shard.toldUs = this.#clockUs;
  }

  #order(work: LaneWork): void {
    for (const shard of this.#shards) if (shard.begun) shard.work.push(work);
  }

  #setClock(nowUs: Micros): void {
    this.#clockUs = nowUs;
    for (const shard of this.#shards) if (shard.begun) shard.toldUs = nowUs;
    for (const member of this.#members.values()) member.heardUs = nowUs;
  }

  /** @returns undefined: no lane has anything to do with it */
  #place(frame: Frame): Shard | undefined {
    const { stream, data, mark } = frame;
    const audio = this.#limits.stepUs === undefined;
    const ends = mark === 'end' && (audio || data.length === 0);
    const known = this.#members.get(stream);
    if (known === undefined && data.length === 0) return undefined;
    const { shard } = known ?? this.#settle(stream);
    if (ends) this.#forget(stream);
    else if (audio) this.#use(stream, frame.arrivedUs);
    // As `StreamLane` counts silence: from as far as the clock has come.
    else if (data.length > 0) this.#use(stream, this.#clockUs);
    return shard;
  }

  #use(stream: string, heardUs: Micros): void {
    const member = this.#members.get(stream);
    if (member === undefined) return;
    const { members } = member.shard;
    member.heardUs = heardUs;
    member.lastUse = this.#uses++;
    members.delete(stream);
    members.set(stream, member);
  }

  /**
   * A new stream joins a few others, or goes where most room is; when there is none, to the shard whose lane makes room.
   */
  #settle(stream: string): Member {
    let shard = this.#shards.find((one) => this.#gathers(one)) ?? highest(this.#shards, roomIn);
    if (roomIn(shard) === 0) {
      shard = highest(this.#shards, unheard);
      const [leaving] = shard.members.keys();
      this.#forget(leaving);
    }
    if (!shard.begun && this.#hotwords !== undefined) shard.work.push(this.#hotwords);
    shard.begun = true;
    const member = { shard, heardUs: 0, lastUse: 0 };
    this.#members.set(stream, member);
    shard.members.set(stream, member);
    return member;
  }

  #gathers(shard: Shard): boolean {
    const { size } = shard.members;
    return size > 0 && size < this.#limits.together && roomIn(shard) > 0;
  }

  #forget(stream: string): void {
    this.#members.get(stream)?.shard.members.delete(stream);
    this.#members.delete(stream);
  }

  #forgetIdle(nowUs: Micros): void {
    const { streamIdleUs, stepUs = streamIdleUs } = this.#limits;
    for (const { members } of this.#shards) {
      for (const [stream, { heardUs }] of members) {
        // Nobody behind one that is not silent is looked at.
        if (nowUs - heardUs < stepUs) break;
        if (nowUs - heardUs >= streamIdleUs) this.#forget(stream);
      }
    }
  }
}

function roomIn({ capacity, members }: Shard): number {
  return capacity - members.size;
}

/** The higher, the longer ago its stream that was unheard for longest was heard. */
function unheard({ members }: Shard): number {
  for (const { lastUse } of members.values()) return -lastUse;
  return -Infinity;
}

/** The first for which `of` is highest. */
function highest(shards: readonly Shard[], of: (shard: Shard) => number): Shard {
  return shards.reduce((best, shard) => (of(shard) > of(best) ? shard : best));
}
