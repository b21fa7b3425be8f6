import { describe, expect, it, onTestFinished } from 'vitest';
import type { Net } from '../../../src/core/contracts.js';
import { nativeEngine, openNativeLibrary } from '../../../src/step/native/engine.js';
import { probeModel } from '../../../src/step/probe.js';
import type { OpenedSession, SessionShare } from '../../../src/step/session-share.js';

const CPU = [{ name: 'cpu', options: {} }];
const library = openNativeLibrary();

function opening(
  lent: SessionShare['lent'] = new Map(),
): SessionShare & { open: (bytes?: Uint8Array) => Promise<Net> } {
  const opened = new Map<string, OpenedSession>();
  const engine = nativeEngine(library, CPU, { lent, opened });
  const model = probeModel();
  return {
    lent,
    opened,
    open: async (bytes) => {
      const net = await engine.open(bytes === undefined ? model : { ...model, bytes }, 2);
      onTestFinished(() => net.close());
      return net;
    },
  };
}

/** Three steps of one stream from the beginning. */
function outputs(net: Net): number[][] {
  const [{ name: input }] = net.model.inputs;
  const [{ name: output }] = net.model.outputs;
  net.open(0, 's');
  const seen: number[][] = [];
  for (let step = 0; step < 3; step++) {
    net.input[input].fill(0.5 - step);
    net.step(Int32Array.of(0), 1);
    seen.push([...net.output[output].subarray(0, net.output[output].length / net.rows)]);
  }
  net.leave(0);
  return seen;
}

describe('a session that several threads have in common', () => {
  it('is opened once, and computes what one of its own would', async () => {
    const owner = opening();
    const net = await owner.open();
    const expected = outputs(net);
    expect(owner.opened.size).toBe(1);
    const borrower = opening(owner.opened);
    // Nothing is read: these bytes are no model.
    const borrowed = await borrower.open(Uint8Array.of(1, 2, 3));
    expect(borrowed.provider).toBe(net.provider);
    expect(outputs(borrowed)).toEqual(expected);
    expect(borrower.opened.size).toBe(0);
  });

  it('stays open when one who borrowed it is closed, and is offered to nobody after its own end', async () => {
    const owner = opening();
    const net = await owner.open();
    const expected = outputs(net);
    const borrowed = await opening(owner.opened).open();
    borrowed.close();
    borrowed.close();
    expect(outputs(net)).toEqual(expected);
    net.close();
    expect(owner.opened.size).toBe(0);
  });

  it('is not another model', async () => {
    const owner = opening();
    await owner.open();
    const others = new Map([...owner.opened].map(([sha256, session]) => [`other ${sha256}`, session]));
    await expect(opening(others).open(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
