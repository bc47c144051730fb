// weight-sharing-runs.mjs FOLDER: all six searches at once, on small images of a formula or, with NB201_DATA, on real ones;
// checkpoints in FOLDER. Prints a line an epoch, and at the end a line of JSON with what each found.
import { SearchData, setTorchThreads, WEIGHT_SHARING_ALGORITHMS, WeightSharingSearch } from 'nas-bench-201';

const [folder] = process.argv.slice(2);
await setTorchThreads(1);
const data = process.env.NB201_DATA
  ? await SearchData.open('cifar10', process.env.NB201_DATA, { limit: 256 })
  : madeUp();

/** Whose classes differ in brightness. */
function madeUp() {
  const images = (count) => ({
    pixels: Uint8Array.from(
      { length: count * 3 * 64 },
      (_, i) => (((i * 7919) % 97) + 15 * (Math.floor(i / 192) % 10)) % 256,
    ),
    labels: Int32Array.from({ length: count }, (_, i) => i % 10),
    size: 8,
  });
  const train = { of: images(96), indices: null, shuffled: true };
  const valid = { of: images(80), indices: Int32Array.from({ length: 64 }, (_, i) => i + 16), shuffled: true };
  return new SearchData('cifar10', 10, 8, train, valid, 1, { mean: [120, 120, 120], std: [60, 60, 60] });
}

const controller = { steps: 2, aggregate: 3 };
const settings = { channels: 4, cells: 1, epochs: 3, batchSize: 32, evaluationBatchSize: 32, candidates: 5, bn: true };
const done = await Promise.all(
  Object.keys(WEIGHT_SHARING_ALGORITHMS).map(async (name) => {
    const search = await WeightSharingSearch.create(name, {
      ...settings,
      controller,
      seed: 7,
      imageSize: data.imageSize,
    });
    const run = await search.run(data, {
      checkpoint: `${folder}/${name}.pth`,
      onEpoch: ({ epoch }) => console.log(`${name} ${epoch}`),
    });
    search.dispose();
    const epochs = run.epochs.map(({ seconds, ...epoch }) => epoch);
    return { ...run, epochs, seconds: 0 };
  }),
);
console.log(JSON.stringify(done));
