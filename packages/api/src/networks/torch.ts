import { compute, type TorchInfo, torch } from '@nas-bench-201/core-native';

export {
  libtorchAdvice,
  NetworkError,
  type NetworkErrorCode,
  type TensorData,
  type TorchInfo,
  torchPath,
} from '@nas-bench-201/core-native';

/** The libtorch that this process computes with, loaded now if it was not. @throws NetworkError NO_LIBTORCH */
export function torchInfo(): Promise<TorchInfo> {
  return compute(() => torch().info());
}

/**
 * Threads that share one operation, in this process: those of a lane (see `BuildOptions`), and of lanes that are used for
 * the first time after that. @throws NetworkError NO_LIBTORCH, RangeError
 */
export function setTorchThreads(threads: number, lane = 0): Promise<void> {
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
    throw new RangeError(`expected threads from 1 to 1024, found ${threads}`);
  }
  return compute(() => torch().setThreads(threads, checkedLane(lane)));
}

/**
 * How many bytes tensors may take on the CPU, in this process: what needs more fails with OUT_OF_MEMORY, where the system
 * would grant it and end the process later. Null (as from the beginning): no limit.
 * @throws NetworkError NO_LIBTORCH, RangeError
 */
export function limitTensorMemory(bytes: number | null): void {
  if (bytes !== null && !(Number.isSafeInteger(bytes) && bytes > 0)) {
    throw new RangeError(`expected a whole number of bytes from 1 on, found ${bytes}`);
  }
  torch().limitMemory(bytes ?? 0);
}

/** @throws RangeError */
export function checkedLane(lane: number): number {
  if (!Number.isInteger(lane) || lane < 0 || lane > 255)
    throw new RangeError(`expected a lane from 0 to 255, found ${lane}`);
  return lane;
}
