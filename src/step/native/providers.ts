/** Execution providers of ONNX Runtime: the hardware that runs a model, and how a session is told to use it. */
import type { ProviderOptions } from '../../core/runtime.js';
import type { Address, ApiName, OrtApi } from './api.js';

export const CPU = 'cpu';

interface OwnCalls {
  readonly create: ApiName;
  readonly update: ApiName;
  readonly append: ApiName;
  readonly release: ApiName;
}

/** Providers that came before there was one call for all. */
const OWN_CALLS: Readonly<Record<string, OwnCalls>> = {
  cuda: {
    create: 'CreateCUDAProviderOptions',
    update: 'UpdateCUDAProviderOptions',
    append: 'SessionOptionsAppendExecutionProvider_CUDA_V2',
    release: 'ReleaseCUDAProviderOptions',
  },
  tensorrt: {
    create: 'CreateTensorRTProviderOptions',
    update: 'UpdateTensorRTProviderOptions',
    append: 'SessionOptionsAppendExecutionProvider_TensorRT_V2',
    release: 'ReleaseTensorRTProviderOptions',
  },
  rocm: {
    create: 'CreateROCMProviderOptions',
    update: 'UpdateROCMProviderOptions',
    append: 'SessionOptionsAppendExecutionProvider_ROCM',
    release: 'ReleaseROCMProviderOptions',
  },
  cann: {
    create: 'CreateCANNProviderOptions',
    update: 'UpdateCANNProviderOptions',
    append: 'SessionOptionsAppendExecutionProvider_CANN',
    release: 'ReleaseCANNProviderOptions',
  },
  dnnl: {
    create: 'CreateDnnlProviderOptions',
    update: 'UpdateDnnlProviderOptions',
    append: 'SessionOptionsAppendExecutionProvider_Dnnl',
    release: 'ReleaseDnnlProviderOptions',
  },
};

/** How the library spells the names of the others, which it takes in one call. */
const SPELLING: Readonly<Record<string, string>> = {
  azure: 'AZURE',
  coreml: 'CoreML',
  dml: 'DML',
  migraphx: 'MIGraphX',
  nvtensorrtrtx: 'NvTensorRtRtx',
  openvino: 'OpenVINO',
  qnn: 'QNN',
  snpe: 'SNPE',
  vitisai: 'VitisAI',
  webgpu: 'WebGPU',
  xnnpack: 'XNNPACK',
};

/**
 * Tells a session that is about to be created to run on a provider; `cpu` is there anyway.
 * @param options address of the session's options
 * @throws Error with the reason when the library does not have it or it does not work here
 */
export function appendProvider(api: OrtApi, options: Address, { name, options: settings }: ProviderOptions): void {
  if (name === CPU) return;
  const keys = Object.keys(settings);
  const values = Object.values(settings);
  const own = OWN_CALLS[name] as OwnCalls | undefined;
  if (own !== undefined) {
    appendByOwnCalls(api, options, own, keys, values);
  } else if (name === 'openvino' && api.missing(OPENVINO) === undefined) {
    api.call(OPENVINO, options, keys, values, keys.length);
  } else {
    api.call('SessionOptionsAppendExecutionProvider', options, SPELLING[name] ?? name, keys, values, keys.length);
  }
}

const OPENVINO: ApiName = 'SessionOptionsAppendExecutionProvider_OpenVINO_V2';

function appendByOwnCalls(
  api: OrtApi,
  options: Address,
  own: OwnCalls,
  keys: readonly string[],
  values: readonly string[],
): void {
  const missing = api.missing(own.create);
  if (missing !== undefined) throw new Error(missing);
  const settings = api.create(own.create);
  try {
    if (keys.length > 0) api.call(own.update, settings, keys, values, keys.length);
    api.call(own.append, options, settings);
  } finally {
    api.release(own.release, settings);
  }
}
