export {
  Complex,
  Dtype,
  FrozenSet,
  GlobalReference,
  NDArray,
  type OpenProgress,
  OrderedDict,
  openTorch,
  PythonObject,
  type PythonValue,
  ReadError,
  type ReadErrorCode,
  type ReadLimits,
  readTorch,
  Storage,
  Tensor,
  type TensorDtype,
  type TorchFile,
  Tuple,
} from '@nas-bench-201/core-native';
export {
  ARCHIVE_DIRS,
  type Architecture,
  BENCHMARK_FILES,
  type ColumnMetric,
  type ColumnOptions,
  type CostWarning,
  type FindBestOptions,
  type InfoOptions,
  type MoreInfo,
  NASBench201API,
  type NetworkOptions,
  type OpenOptions,
  openArchitecture,
} from './api.js';
export { QueryError, type QueryErrorCode } from './errors.js';
export {
  type ArchitectureDescription,
  type BenchmarkDescription,
  type DataBatchDescription,
  describeFile,
  type FileDescription,
  type FolderDescription,
  type MetaDescription,
  type MetaNodeDescription,
  type OtherDescription,
  type ResultsSummary,
  type TrainingRunDescription,
  type UnreadableDescription,
} from './files/kind.js';
export { expectedMd5, md5OfFile, type Verification } from './files/verify.js';
export {
  DATASETS,
  type Dataset,
  EVALUATION_SETS,
  type Hp,
  type HpName,
  type HpOption,
  type MetricSet,
  PAPER_DATASETS,
  type PaperDataset,
  remapDatasetSetNames,
  type SetOf,
} from './names.js';
export { DeviceTensor } from './networks/device-tensor.js';
export { normalisedImages } from './networks/images.js';
export type { BatchMetrics, LabelledBatch } from './networks/metrics.js';
export {
  type ArchitectureOptions,
  type BuildOptions,
  type LatencyOptions,
  Network,
  type NetworkDescription,
  type NetworkOutput,
  type RunOptions,
} from './networks/network.js';
export { SGD, type SGDOptions } from './networks/sgd.js';
export type { StateDict, StateDictSource, StateTensor } from './networks/state-dict.js';
export {
  libtorchAdvice,
  NetworkError,
  type NetworkErrorCode,
  setTorchThreads,
  type TensorData,
  type TorchInfo,
  torchInfo,
  torchPath,
} from './networks/torch.js';
export { PythonRandom, type PythonSeed } from './random/python-random.js';
export { ArchResults, type ComputeCosts, type Metrics, type TrialChoice } from './results/arch-results.js';
export type { Reference } from './results/averaging.js';
export {
  type CurveMetric,
  type EpochInfo,
  type NetworkConfig,
  ResultsCount,
  type TimeInfo,
} from './results/results-count.js';
export {
  ArchitectureError,
  type Cell,
  EDGES,
  enumerateArchitectures,
  formatArchitecture,
  neighbours,
  parseArchitecture,
  publishedArchitectures,
  str2lists,
  str2matrix,
} from './space/cell.js';
export { type NetworkCost, networkCost, stagesCost, TASK_SHAPES, type TaskShape } from './space/cost.js';
export { cellSvg } from './space/drawing.js';
export { isConnected, uniqueString } from './space/isomorphism.js';
export { OPERATIONS, type Operation } from './space/operations.js';
