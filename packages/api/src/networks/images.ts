import { NetworkError, type TensorData } from '@nas-bench-201/core-native';
import { CHANNELS } from '../datasets/channels.js';
import type { Dataset } from '../names.js';

/**
 * Pixels as the networks of a data set were given them: of 255, without the mean, divided by the standard deviation, in
 * float32 (the reference's `get_datasets`, without augmentation).
 * @param pixels batch x 3 x height x width: planes of red, green, blue
 * @throws NetworkError BAD_SHAPE
 */
export function normalisedImages(pixels: Uint8Array, shape: readonly number[], dataset: Dataset): TensorData {
  const [batch, planes, height, width] = shape;
  if (shape.length !== 4 || planes !== 3 || batch! * 3 * height! * width! !== pixels.length) {
    throw new NetworkError(
      'BAD_SHAPE',
      `expected pixels of the shape [batch, 3, height, width], found ${pixels.length} for [${shape.join(', ')}]`,
    );
  }
  const { mean, std } = CHANNELS[dataset];
  const plane = height! * width!;
  const data = new Float32Array(pixels.length);
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / plane) % 3;
    const value = Math.fround(pixels[i]! / 255) - Math.fround(mean[channel]! / 255);
    data[i] = Math.fround(value) / Math.fround(std[channel]! / 255);
  }
  return { data, shape: [...shape] };
}
