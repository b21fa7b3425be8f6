/** Synthetic sensors without faults, each a different way of being normal. */

/** Uniform numbers in (0, 1): mulberry32, so that a test is the same everywhere. */
export function uniforms(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

/** Standard normal numbers (Box & Muller). */
export function normals(uniform: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** The value of a sensor, called once a step. */
export type Signal = (t: number) => number;

type Maker = (seed: number) => Signal;

function autoregressive(phi: number): Maker {
  return (seed) => {
    const normal = normals(uniforms(seed));
    let x = normal() / Math.sqrt(1 - phi * phi);
    return () => (x = phi * x + normal());
  };
}

/** Name → maker. Everything here is stationary, or periodic with a period that even a short training contains. */
export const SIGNALS: Readonly<Record<string, Maker>> = {
  white: autoregressive(0),
  ar: autoregressive(0.7),
  slow: autoregressive(0.98),
  seasonal: (seed) => {
    const normal = normals(uniforms(seed));
    return (t) => 20 + 5 * Math.sin((2 * Math.PI * t) / 120) + 0.5 * normal();
  },
  /** Student's t with 3 degrees of freedom. */
  heavy: (seed) => {
    const normal = normals(uniforms(seed));
    return () => normal() / Math.sqrt((normal() ** 2 + normal() ** 2 + normal() ** 2) / 3);
  },
  /** Noise with a spike of 10 to 30 σ in every hundred steps. */
  spiky: (seed) => {
    const uniform = uniforms(seed);
    const normal = normals(uniform);
    return () => normal() + (uniform() < 0.01 ? 10 + 20 * uniform() : 0);
  },
  /** A disk: idle, with bursts of some steps and log-normal size. */
  bursts: (seed) => {
    const uniform = uniforms(seed);
    const normal = normals(uniform);
    let left = 0;
    let size = 0;
    return () => {
      if (left > 0) left--;
      else if (uniform() < 0.02) {
        left = Math.floor(1 + 6 * uniform());
        size = 1e5 * Math.exp(normal());
      }
      return left > 0 ? Math.round(size * (0.5 + uniform())) : 0;
    };
  },
  /** A processor in per cent, in ticks of 2.5, mostly idle, with short tasks. */
  load: (seed) => {
    const uniform = uniforms(seed);
    let left = 0;
    return () => {
      if (left > 0) left--;
      else if (uniform() < 0.03) left = Math.floor(1 + 3 * uniform());
      return 2.5 * Math.round((2 + 4 * uniform() + (left > 0 ? 20 * uniform() : 0)) / 2.5);
    };
  },
  /** A slow thermometer with a resolution of half a degree: long runs of equal values. */
  coarse: (seed) => {
    const slow = autoregressive(0.99)(seed);
    return () => 21 + 0.5 * Math.round(slow(0) / 4);
  },
  /** Memory in use: steps between levels. */
  steps: (seed) => {
    const uniform = uniforms(seed);
    const normal = normals(uniform);
    let level = 0;
    return () => {
      if (uniform() < 0.05) level = Math.round(4 * uniform());
      return 40 + level + 0.1 * normal();
    };
  },
};
