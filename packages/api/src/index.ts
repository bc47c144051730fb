export {
  AtomicFile,
  BinaryError,
  Complex,
  CURVE_FIELDS,
  CurveDict,
  type CurveEntries,
  type CurveField,
  DictStream,
  Dtype,
  FIELD_STATE,
  type FieldState,
  Float32,
  Float64,
  FrozenSet,
  GlobalReference,
  type JsonCurve,
  jsonText,
  ListStream,
  NDArray,
  type OpenProgress,
  OrderedDict,
  openTorch,
  PRESENCE,
  PythonObject,
  type PythonValue,
  READER_PATH,
  ReadError,
  type ReadErrorCode,
  type ReadLimits,
  readSafetensors,
  readTorch,
  type Safetensors,
  type SafetensorsOptions,
  type SideCar,
  Storage,
  type StreamableValue,
  Tensor,
  type TensorDtype,
  type TensorOptions,
  type TorchFile,
  Tuple,
  type WritableValue,
  WriteError,
  type WriteErrorCode,
  type WriteTorchOptions,
  writeSafetensors,
  writeTorch,
  writeWhole,
} from '@nas-bench-201/core-native';
export {
  ARCHIVE_DIRS,
  type Architecture,
  BENCHMARK_FILES,
  type CostWarning,
  type FindBestOptions,
  type InfoOptions,
  type MoreInfo,
  type MoreInfoColumns,
  NASBench201API,
  type NetworkOptions,
  type OpenOptions,
  openArchitecture,
} from './api.js';
export type { DataFile, DataSet, ImageSubset, LabelledImages } from './datasets/data-set.js';
export { DataSetError, type DataSetErrorCode } from './datasets/errors.js';
export { type OpenDatasetOptions, openDataset } from './datasets/open.js';
export { cifar10Split, cifar100TestSplit, imageNet16TestSplit, imageNet16TrainSplit } from './datasets/splits.js';
export { QueryError, type QueryErrorCode } from './errors.js';
export { Archive, type Source } from './files/archive.js';
export {
  type ArchitectureDescription,
  type BenchmarkDescription,
  type ConvertedDescription,
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
export type { Claimant, ClaimTimes, Holder } from './generate/claim.js';
export { GenerateError, type GenerateErrorCode } from './generate/errors.js';
export { type Latencies, type LatencyStepOptions, measureLatencies } from './generate/latency.js';
export type { GeneratedHp, NetworkSize, Range, Run } from './generate/layout.js';
export { type MergedBenchmark, type MergeOptions, mergeBenchmark } from './generate/merge.js';
export { generateMeta } from './generate/meta.js';
export {
  type ArrayOptions,
  type JobStatus,
  type QueuedTask,
  type SubmittedJob,
  submitJobArray,
  writeJobArray,
} from './generate/slurm.js';
export { type BenchmarkStatus, benchmarkStatus, type RangeStatus } from './generate/status.js';
export {
  type RunFailure,
  SEEDS,
  type TrainEvent,
  type TrainRunsOptions,
  type TrainSummary,
  trainRuns,
} from './generate/train.js';
export {
  DATASETS,
  type Dataset,
  EVALUATION_SETS,
  type Hp,
  type HpName,
  type HpOption,
  hpKey,
  hpOfKey,
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
  type ForwardOptions,
  type LatencyOptions,
  Network,
  type NetworkDescription,
  type NetworkOutput,
  type SaveOptions,
} from './networks/network.js';
export { SGD, type SGDOptions } from './networks/sgd.js';
export type { StateDict, StateDictSource, StateTensor } from './networks/state-dict.js';
export {
  libtorchAdvice,
  limitTensorMemory,
  NetworkError,
  type NetworkErrorCode,
  setTorchThreads,
  type TensorData,
  type TorchInfo,
  torchInfo,
  torchPath,
} from './networks/torch.js';
export { NumpyRandom } from './random/numpy-random.js';
export { PythonRandom, type PythonSeed } from './random/python-random.js';
export { TorchRandom } from './random/torch-random.js';
export {
  type ArchitectureRecord,
  type CurveRecord,
  epochOrder,
  RECORDED_ATTRIBUTES,
  type RecordStore,
  type StateRecord,
  singleFloat,
  type TrialRecord,
  trialValue,
} from './records/record.js';
export { type WeightsOf, writableRecord } from './records/writable.js';
export { ArchResults, type ComputeCosts, type Metrics, type TrialChoice } from './results/arch-results.js';
export { meanOf, meanOverTrials, type Reference } from './results/averaging.js';
export type { CurvesOptions, TrialCurves } from './results/batches.js';
export type { ColumnMetric, ColumnOptions, TrialColumn } from './results/columns.js';
export type { LastEpochs, SetAtEnd } from './results/last-epochs.js';
export {
  type CurveMetric,
  type EpochInfo,
  type NetworkConfig,
  ResultsCount,
  type TimeInfo,
} from './results/results-count.js';
export type { Evaluation, SearchAlgorithm, SearchContext, SearchMethod, Suggestion } from './search/algorithm.js';
export { SearchError, type SearchErrorCode } from './search/errors.js';
export { type MeanAndDeviation, PUBLISHED_RESULTS, type PublishedRow } from './search/published.js';
export {
  type OptionSpec,
  type PreparedSearch,
  prepareSearch,
  SEARCH_ALGORITHMS,
  type SearchEntry,
  type SearchName,
  type SearchOptions,
} from './search/registry.js';
export { independentSeeds, type RepeatOptions, repeatSearch } from './search/repeat.js';
export { PUBLISHED_BUDGET, type RunOptions, runSearch, type SearchRun } from './search/runner.js';
export { loadSearch, type SearchSource } from './search/source.js';
export type { SearchSpace } from './search/space.js';
export { SearchTable, type TableLevel, type TableOptions, type TableParts } from './search/table.js';
export { Truth } from './search/truth.js';
export type { WeightSharingConfig, WeightSharingSettings } from './search/weight-sharing/config.js';
export { type PairedBatch, SearchData } from './search/weight-sharing/data.js';
export {
  prepareWeightSharing,
  WEIGHT_SHARING_ALGORITHMS,
  type WeightSharingEntry,
  type WeightSharingName,
} from './search/weight-sharing/registry.js';
export type {
  WeightSharingEpoch,
  WeightSharingProgress,
  WeightSharingRun,
} from './search/weight-sharing/run.js';
export {
  type StepMetrics,
  type WeightSharingOptions,
  type WeightSharingRunOptions,
  WeightSharingSearch,
} from './search/weight-sharing/search.js';
export type { Choice, PassResult, Supernet } from './search/weight-sharing/supernet.js';
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
export type { SweepBatch } from './sweep/batch.js';
export type { SweepOptions } from './sweep/sweep.js';
export { type TrainingConfig, trainingConfig } from './training/config.js';
export type { EpochResult, SetMetrics, TrainingProgress } from './training/epochs.js';
export { type BatchOptions, type DrawOrder, type ImageBatch, imageBatches } from './training/images.js';
export { machineInfo } from './training/machine.js';
export { learningRates, type TrainOptions } from './training/train.js';
export { type TrainTrialOptions, type TrialDict, trainTrial } from './training/trial.js';
export { type TrialRun, writeTrials } from './training/trial-file.js';
