import { expect, it } from 'vitest';
import type { StepModel } from '../../src/core/step-model.js';
import { openSlottedNet } from '../../src/step/net.js';
import { probeModel } from '../../src/step/probe.js';
import type { StepSession } from '../../src/step/session.js';

function bind(): never {
  throw new Error('nothing is bound before the first step');
}

it('a net for which there is no memory leaves no session open', async () => {
  let open = 0;
  const openSession = (): StepSession => {
    open++;
    return { provider: 'none', skipped: [], bind, close: () => open-- };
  };
  const wide: StepModel = { ...probeModel(), inputs: [{ name: 'x', elementType: 'float32', shape: ['B', 2 ** 50] }] };
  await expect(openSlottedNet(wide, 1, openSession)).rejects.toThrow(RangeError);
  expect(open).toBe(0);
  await openSlottedNet(probeModel(), 1, openSession);
  expect(open).toBe(1);
});
