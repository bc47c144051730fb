export { ReadError, type ReadErrorCode } from './errors.js';
export type { ReadLimits } from './native.js';
export { openTorch, readTorch, type TorchFile } from './torch-file.js';
export {
  Complex,
  Dtype,
  FrozenSet,
  GlobalReference,
  NDArray,
  type NumberArray,
  OrderedDict,
  PythonObject,
  type PythonValue,
  Storage,
  Tensor,
  type TensorDtype,
  Tuple,
} from './values.js';
