export { type ArchiveDirectory, isFirstPiece, type OpenArchiveOptions, TarArchive } from './archive.js';
export { AtomicFile, removeUnfinished, writeWhole } from './atomic-file.js';
export {
  type OpenBenchmarkOptions,
  type OpenProgress,
  openBenchmarkFile,
  openBenchmarkFileSync,
  readColumn,
} from './benchmark-file.js';
export { BinaryError } from './binary/load.js';
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
export { libtorchAdvice } from './libtorch.js';
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
  type NativeSweepBatch,
  PRESENCE,
  READER_PATH,
  type ReadLimits,
  type SweepRequest,
} from './native.js';
export { readSafetensors, type Safetensors, type SafetensorsOptions, writeSafetensors } from './safetensors.js';
export { type SideCar, sideCarKept } from './side-car.js';
export { type DatasetSeeds, stateOf, type TrialHead, TrialsState } from './state.js';
export {
  compute,
  type FilePlace,
  type NativeArithmetic,
  type NativeChoice,
  type NativeDeviceTensor,
  type NativeImageSet,
  type NativeImages,
  type NativeLabelledImages,
  type NativeMetrics,
  type NativeNetwork,
  type NativeOutcome,
  type NativePass,
  type NativeProgress,
  type NativeSchedule,
  type NativeSgd,
  type NativeState as NativeStateDict,
  type NativeSubset,
  type NativeWeight,
  type NativeWeightSharing,
  type NativeWeightSharingOptions,
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
  contiguousStride,
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
