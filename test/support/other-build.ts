/** Another build of ONNX Runtime than that of onnxruntime-node, as a user may name one: sherpa-onnx has its own. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Its path, or undefined on machines for which that package is not installed. */
export function otherBuild(): string | undefined {
  const packages = dirname(dirname(require.resolve('sherpa-onnx-node/package.json')));
  const name = process.platform === 'darwin' ? 'libonnxruntime.dylib' : 'libonnxruntime.so';
  const path = join(packages, `sherpa-onnx-${process.platform}-${process.arch}`, name);
  return existsSync(path) ? path : undefined;
}
