// bench/weight-sharing.mjs ALGORITHM THREADS [STEPS]: seconds a step of a weight-sharing search with 16 channels, 5 cells
// and batches of 64 (128 of ENAS, and a batch of 128 a sample of its controller); one JSON line.
import { WeightSharingSearch, setTorchThreads } from 'nas-bench-201';

const [algorithm, threads, steps = '4'] = process.argv.slice(2);
