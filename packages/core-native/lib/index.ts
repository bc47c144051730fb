export { type ArchiveDirectory, isFirstPiece, TarArchive } from './archive.js';
export { AtomicFile } from './atomic-file.js';
export {
  type OpenBenchmarkOptions,
  type OpenProgress,
  openBenchmarkFile,
  openBenchmarkFileSync,
} from './benchmark-file.js';
export {
  checkedPath,
  fromNative,
  native,
  ReadError,
  type ReadErrorCode,
  WriteError,
  type WriteErrorCode,
} from './errors.js';
export { type JsonCurve, jsonText } from './json-text.js';
export {
  type Abortable,
  type ArchiveMember,
  type ColumnRequest,
  type ContainerKind,
  CURVE_FIELDS,
  type CurveField,
  FIELD_STATE,
  type FieldState,
  type NativeBenchmarkFile,
  type NativeColumn,
  type NativeCurve,
  type NativeField,
  type NativeState,
  type NativeSweepBatch,
  type NativeTrial,
  PRESENCE,
  type ReadLimits,
  type SweepRequest,
} from './native.js';
export { type SideCar, sideCarKept } from './side-car.js';
export {
  compute,
  type FilePlace,
  libtorchAdvice,
  type NativeDeviceTensor,
  type NativeImageSet,
  type NativeImages,
  type NativeMetrics,
  type NativeNetwork,
  type NativePass,
  type NativeProgress,
  type NativeSchedule,
  type NativeSgd,
  type NativeState as NativeStateDict,
  type NativeSubset,
  type NativeWeight,
  NetworkError,
  type NetworkErrorCode,
  type TensorData,
  type TorchInfo,
  torch,
  torchPath,
} from './torch.js';
export { openTorch, readTorch, type TorchFile } from './torch-file.js';
export {
  DictStream,
  ListStream,
  type StreamableValue,
  type WritableValue,
  type WriteTorchOptions,
  writeTorch,
} from './torch-writer.js';
export {
  Complex,
  CurveDict,
  type CurveEntries,
  Dtype,
  Float32,
  Float64,
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
  type TensorOptions,
  Tuple,
} from './values.js';
export { withSignal } from './with-signal.js';
