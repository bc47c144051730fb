/** What was measured over a set of images. */
export interface SetMetrics {
  /** Cross-entropy, mean over the images. */
  loss: number;
  /** Per cent of the images whose class is the network's first choice. */
  top1: number;
  /** Per cent of the images whose class is among the network's first five. */
  top5: number;
  /** Of the loop over the set: loading, compute and waiting for the numbers. */
  seconds: number;
  /** Images. */
  count: number;
}

/** One epoch of a training. */
export interface EpochResult {
  /** From 0. */
  epoch: number;
  /** Of the whole training. */
  epochs: number;
  /** The learning rate that the epoch began with. */
  learningRate: number;
  /** Running averages over the epoch, in train mode. */
  train: SetMetrics;
  /** After the epoch, in eval mode, in the order in which they were evaluated. */
  sets: ReadonlyMap<string, SetMetrics>;
}

/** How far a training has come. */
export interface TrainingProgress {
  epoch: number;
  epochs: number;
  /** `train`, or the evaluation set that is at work. */
  set: string;
  /** Images of the set that are done, and all of them. */
  images: number;
  total: number;
  /** Running averages over the set. */
  loss: number;
  top1: number;
  /** Of the set so far. */
  seconds: number;
}
