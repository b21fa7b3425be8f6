/** A plant of simulated pumps: three coupled channels with cycles and noise, a pure function of device, step and seed. */
import { normal } from '../../src/core/random.js';

export const PLANT_CHANNELS = ['temperature', 'vibration', 'current'] as const;

export type Fault = 'level' | 'noise' | 'stuck';

export interface FaultPlan {
  readonly device: number;
  readonly fault: Fault;
  readonly fromStep: number;
  readonly toStep: number;
}

export const deviceName = (device: number): string => `pump-${String(device).padStart(2, '0')}`;

/** One reading of one pump. Every pump has its own level, phase and cycle length. */
export function readPump(device: number, step: number, seed: number, plans: readonly FaultPlan[] = []): number[] {
  const active = plans.find((plan) => plan.device === device && step >= plan.fromStep && step < plan.toStep);
  const at = active?.fault === 'stuck' ? active.fromStep : step;
  const noise = (channel: number): number => normal(seed, device * 8 + channel, at);
  const cycle = Math.sin((2 * Math.PI * at) / (40 + device) + device);
  const load = 0.7 * cycle + 0.3 * Math.sin((2 * Math.PI * at) / 17);
  const spread = active?.fault === 'noise' ? 12 : 1;
  const shift = active?.fault === 'level' ? 25 : 0;
  return [
    60 + device + 5 * load + 0.4 * noise(0) + shift,
    1 + 0.05 * device + 0.2 * load + 0.03 * spread * noise(1),
    12 + 2 * load + 0.15 * spread * noise(2),
  ];
}
