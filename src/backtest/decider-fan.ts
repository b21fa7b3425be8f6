/**
 * Several deciders behind one net. What a net foretells does not depend on who listens, so the decider with every opening
 * score that is tried hears the same steps in the same pass, each with its own memory.
 */
import type { ChosenDecider } from '../config/config.js';
import type { Batch, Emit, ForecastDecider, Micros, Slot } from '../core/contracts.js';
import { Counters } from '../core/counters.js';
import { BugError } from '../core/errors.js';
import type { IncidentEvent } from '../core/events.js';

/** A decider that judges forecasts, as it was chosen in a configuration. */
export type ForecastChoice = Extract<ChosenDecider, { readonly task: 'forecast' }>;

/** A decider that listens beside the configured one. */
export interface Candidate {
  readonly decide: ForecastChoice;
  /** Takes the incidents that it raises, in their order. */
  readonly incidents: IncidentEvent[];
}

/** The configured decider, beside which the candidates hear all that it hears; what they drop is not counted again. */
export function withCandidates(decide: ForecastChoice, candidates: readonly Candidate[]): ForecastChoice {
  return {
    ...decide,
    create: (context) =>
      new DeciderFan(
        decide.create(context),
        candidates.map((candidate) => ({
          decider: candidate.decide.create({ ...context, counters: new Counters() }),
          emit: (event): void => {
            if (event.type === 'incident') candidate.incidents.push(event);
          },
        })),
      ),
  };
}

interface Listener {
  readonly decider: ForecastDecider;
  readonly emit: Emit;
}

class DeciderFan implements ForecastDecider {
  /** @param others that differ from `first` in nothing that a lane asks of it */
  constructor(
    private readonly first: ForecastDecider,
    private readonly others: readonly Listener[],
  ) {}

  get version(): string {
    return this.first.version;
  }

  get silentAfterSteps(): number {
    return this.first.silentAfterSteps;
  }

  open(slot: Slot, stream: string): void {
    this.first.open(slot, stream);
    for (const { decider } of this.others) decider.open(slot, stream);
  }

  leave(slot: Slot): void {
    this.first.leave(slot);
    for (const { decider } of this.others) decider.leave(slot);
  }

  push(output: Float32Array, input: Batch, emit: Emit): void {
    this.first.push(output, input, emit);
    for (const other of this.others) other.decider.push(output, input, other.emit);
  }

  silence(slot: Slot, steps: number, us: Micros, emit: Emit): void {
    this.first.silence(slot, steps, us, emit);
    for (const other of this.others) other.decider.silence(slot, steps, us, other.emit);
  }

  end(slot: Slot, us: Micros, emit: Emit): void {
    this.first.end(slot, us, emit);
    for (const other of this.others) other.decider.end(slot, us, other.emit);
  }

  isCalm(slot: Slot): boolean {
    return this.first.isCalm(slot);
  }

  rehearse(): never {
    throw new BugError('a lane in which several deciders are compared rehearses nothing');
  }

  rehearsed(): never {
    return this.rehearse();
  }

  save(): never {
    throw new BugError('a lane in which several deciders are compared cannot be saved');
  }

  load(): never {
    throw new BugError('a lane in which several deciders are compared cannot be restored');
  }
}
