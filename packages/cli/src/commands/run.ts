import { Command, Option } from 'commander';
import type { Dataset, HpName, Network, TensorData } from 'nas-bench-201';
import { architectureOf } from '../architecture.js';
import { CommandError } from '../failure.js';
import { readImages } from '../images.js';
import { datasetOption, hpOption, wholeNumber } from '../options.js';
import type { Terminal } from '../terminal.js';
import { decimal, facts, printable, table } from '../text.js';

interface RunOptions {
  input?: string;
  dataset?: Dataset;
  weights?: string;
  archive?: string;
  hp?: HpName;
  seed?: number;
  device: string;
  batch: number;
  top: number;
}

const CIFAR10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

export function run(terminal: Terminal): Command {
  return new Command('run')
    .argument('<architecture>', "an index or an architecture's text")
    .option('--input <file>', 'a .png or .npy with images (default: random ones)')
    .addOption(datasetOption().default('cifar10'))
    .option('--weights <file>', 'a state dict, as torch.save writes it (default: fresh weights)')
    .option('--archive <file>', "the trained weights of an architecture's file, 000284-FULL.pth")
    .addOption(hpOption())
    .addOption(new Option('--seed <n>', 'of the trial, or of fresh weights').argParser(wholeNumber))
    .option('--device <name>', 'cpu, cuda, cuda:1', 'cpu')
    .addOption(new Option('--batch <n>', 'how many random images').argParser(wholeNumber).default(1))
    .addOption(new Option('--top <n>', 'how many classes are shown').argParser(wholeNumber).default(5))
    .action(async (asked: string, options: RunOptions) => {
      const { index, text } = await architectureOf(asked);
      const dataset = options.dataset ?? 'cifar10';
      const images = options.input ? await readImages(options.input, dataset) : await random(options.batch, dataset);
      const [network, weights] = await build(text, dataset, options);
      try {
        const { logits } = await terminal.orInterrupted(network.forward(images, { signal: terminal.signal }));
        const [batch = 1, , imageSize = network.imageSize] = images.shape;
        const latency = await network.latency({ batch, imageSize, signal: terminal.signal });
        const choices = choicesOf(logits, options.top, dataset);
        const found = { index, architecture: text, dataset, weights, device: network.device, batch, latency, choices };
        if (terminal.json) return await terminal.printJson(found);
        const { bold, dim } = terminal.colors;
        await terminal.print(
          bold(`${index}  ${text}`),
          ...facts(
            [
              ['weights', weights],
              ['images', options.input ? printable(options.input) : `random, ${batch}`],
              ['device', network.device],
              ['latency', `${decimal(latency * 1000, 2)} ms (batch ${batch})`],
            ],
            dim,
          ),
          ...choices.slice(0, 10).flatMap((classes, image) => [
            '',
            ...table(
              [
                { title: choices.length > 1 ? `image ${image}` : 'class' },
                { title: 'probability', right: true },
                { title: 'logit', right: true },
              ],
              classes.map(({ name, probability, logit }) => [name, decimal(probability, 4), decimal(logit, 4)]),
              dim,
            ),
          ]),
          ...(choices.length > 10 ? ['', dim(`(and ${choices.length - 10} more; --json tells all)`)] : []),
        );
      } finally {
        network.dispose();
      }
    });
}

/** The network with the weights that were asked for, and what these are. */
async function build(text: string, dataset: Dataset, options: RunOptions): Promise<[Network, string]> {
  const { Network, openArchitecture, TASK_SHAPES } = await import('nas-bench-201');
  const { device, archive, weights, seed = 777 } = options;
  if (archive) {
    const results = await openArchitecture(archive);
    const hp = options.hp ?? [...results.keys()].at(-1)!;
    const trials = [...(results.get(hp)?.query(dataset) ?? [])];
    const trial = trials.find(
      ([s, t]) => (options.seed === undefined || s === options.seed) && t.getNetParam() !== null,
    );
    if (!trial) throw new CommandError('NOTHING_FOUND', `${archive}: no weights on ${dataset} with hp ${hp} for this`);
    const config = trial[1].getConfig();
    const recorded = 'arch_str' in config ? config.arch_str : config.genotype;
    if (recorded !== text)
      throw new CommandError('NOTHING_FOUND', `${archive}: this is another architecture, ${recorded}`);
    const network = await Network.fromConfig(config, { seed: 0 });
    await network.loadStateDict(trial[1].getNetParam() as never);
    return [await network.to(device), `of ${printable(archive)}, hp ${hp}, seed ${trial[0]}`];
  }
  const { numClasses } = TASK_SHAPES[dataset];
  const network = await Network.fromArch(text, { numClasses, seed, device });
  if (!weights) return [network, `fresh, seed ${seed}`];
  return [await network.load(weights), `of ${printable(weights)}`];
}

async function random(batch: number, dataset: Dataset): Promise<TensorData> {
  const { imageSize } = (await import('nas-bench-201')).TASK_SHAPES[dataset];
  if (batch < 1) throw new CommandError('BAD_INPUT', 'expected a batch of at least one image');
  const data = Float32Array.from({ length: batch * 3 * imageSize ** 2 }, () => Math.random() * 4 - 2);
  return { data, shape: [batch, 3, imageSize, imageSize] };
}

interface Choice {
  class: number;
  name: string;
  probability: number;
  logit: number;
}

/** For each image its most probable classes. */
function choicesOf({ data, shape }: TensorData, top: number, dataset: Dataset): Choice[][] {
  const [batch = 0, classes = 0] = shape;
  const names = dataset.startsWith('cifar10') && dataset !== 'cifar100' ? CIFAR10 : [];
  return Array.from({ length: batch }, (_, image) => {
    const logits = [...data.subarray(image * classes, (image + 1) * classes)];
    const most = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    return logits
      .map((logit, number) => {
        const name = names[number] === undefined ? String(number) : `${number} ${names[number]}`;
        return { class: number, name, probability: Math.exp(logit - most) / total, logit };
      })
      .sort((a, b) => b.logit - a.logit)
      .slice(0, top);
  });
}
