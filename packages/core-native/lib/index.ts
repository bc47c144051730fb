export {
  type OpenBenchmarkOptions,
  type OpenProgress,
  openBenchmarkFile,
  openBenchmarkFileSync,
  withSignal,
} from './benchmark-file.js';
export { fromNative, native, ReadError, type ReadErrorCode } from './errors.js';
export {
  type Abortable,
  type ColumnRequest,
  type ContainerKind,
  CURVE_FIELDS,
  type CurveField,
  type FieldState,
  type NativeBenchmarkFile,
  type NativeColumn,
  type NativeCurve,
  type NativeField,
  type NativeState,
  type NativeSweepBatch,
  type NativeTrial,
  type ReadLimits,
  type SweepRequest,
} from './native.js';
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
