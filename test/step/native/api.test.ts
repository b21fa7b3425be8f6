import * as koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { BugError } from '../../../src/core/errors.js';
import { NEWEST_VERSION, OrtApi } from '../../../src/step/native/api.js';
import { openNativeLibrary } from '../../../src/step/native/engine.js';
import { negotiatedVersion } from '../../../src/step/native/library.js';
import { appendProvider } from '../../../src/step/native/providers.js';

describe("ONNX Runtime's API", () => {
  it('is asked for in the newest version that both sides know', () => {
    expect(negotiatedVersion('1.12.0')).toBe(12);
    expect(negotiatedVersion('1.15.1')).toBe(15);
    expect(negotiatedVersion('1.999.0')).toBe(NEWEST_VERSION);
    for (const unfit of ['1.11.9', '1.8.0', '0.30.0', '2.0.0', '', 'main']) {
      expect(() => negotiatedVersion(unfit)).toThrow(`it is version ${unfit}`);
    }
  });

  it('is not touched behind the end that the version has', () => {
    // Of a table that is nowhere: a look at it would end this process.
    const old = new OrtApi(koffi, 0, 15);
    expect(old.missing('CreateCANNProviderOptions')).toBeUndefined();
    expect(old.missing('CreateROCMProviderOptions')).toBe('needs ONNX Runtime 1.16, this is 1.15');
    expect(() => old.function('CreateROCMProviderOptions')).toThrow(BugError);
    const rocm = { name: 'rocm', options: {} };
    expect(() => appendProvider(old, 0, rocm)).toThrow('needs ONNX Runtime 1.16, this is 1.15');
  });

  // Each answers by its name, so the slots are those of the functions that they are taken for.
  it.each([
    ['cuda', /cuda|providers_shared/i],
    ['tensorrt', /tensorrt/i],
    ['rocm', /rocm/i],
    ['cann', /cann/i],
    ['dnnl', /onednn|dnnl/i],
    ['openvino', /openvino/i],
    ['qnn', /qnn/i],
    ['abacus', /abacus/],
  ])('says why there is no %s', (name, reason) => {
    const { api } = openNativeLibrary();
    const options = api.create('CreateSessionOptions');
    try {
      expect(() => appendProvider(api, options, { name, options: {} })).toThrow(reason);
    } finally {
      api.release('ReleaseSessionOptions', options);
    }
  });
});
