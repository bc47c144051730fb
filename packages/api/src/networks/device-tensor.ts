import {
  compute,
  type NativeDeviceTensor,
  type NativeImages,
  NetworkError,
  type TensorData,
  torch,
} from '@nas-bench-201/core-native';

/** A tensor of float32 that stays on its device: what a network is given again and again need not travel. */
export class DeviceTensor implements Disposable, AsyncDisposable {
  readonly #native: NativeDeviceTensor;

  /** @internal */
  constructor(native: NativeDeviceTensor) {
    this.#native = native;
  }

  /** Copies numbers to a device: `'cpu'`, `'cuda'`, `'cuda:1'`. @throws NetworkError, TypeError */
  static async from(data: TensorData, options: { device?: string; signal?: AbortSignal } = {}): Promise<DeviceTensor> {
    const { device = 'cpu', signal } = options;
    const checked = checkedData(data);
    return new DeviceTensor(await compute(() => torch().DeviceTensor.create(checked, device), signal));
  }

  get shape(): readonly number[] {
    return this.#native.shape;
  }

  get device(): string {
    return this.#native.device;
  }

  /** Its numbers, in JavaScript's memory. @throws NetworkError DISPOSED */
  toArray(options: { signal?: AbortSignal } = {}): Promise<TensorData> {
    return compute(() => this.#native.read(), options.signal);
  }

  /** Frees its memory as soon as no work needs it any more. */
  dispose(): void {
    this.#native.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose();
  }

  /** @internal */
  get native(): NativeDeviceTensor {
    return this.#native;
  }
}

function checkedData(value: TensorData): TensorData {
  if (!(value?.data instanceof Float32Array) || !Array.isArray(value.shape)) {
    throw new TypeError('expected a DeviceTensor, or { data: Float32Array, shape: number[] }');
  }
  for (const size of value.shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new NetworkError('BAD_SHAPE', `expected sizes, found ${size}`);
  }
  const wanted = value.shape.reduce((a, b) => a * b, 1);
  if (wanted !== value.data.length) {
    throw new NetworkError(
      'BAD_SHAPE',
      `expected ${wanted} numbers for the shape [${value.shape.join(', ')}], found ${value.data.length}`,
    );
  }
  return value;
}

/** What the addon takes as images. @throws TypeError, NetworkError BAD_SHAPE */
export function nativeImages(images: TensorData | DeviceTensor): NativeImages {
  return images instanceof DeviceTensor ? images.native : checkedData(images);
}
