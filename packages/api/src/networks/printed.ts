import type { Operation } from '../space/operations.js';
import { isReduction, messageLines, type NetworkPlan } from './config.js';

/** A module as torch prints it: its class, what it says of itself, and the modules in it by name. */
interface Module {
  type: string;
  says?: string;
  children?: readonly (readonly [name: string, module: Module])[];
}

const numbered = (type: string, modules: readonly Module[]): Module => ({
  type,
  children: modules.map((module, i) => [String(i), module]),
});

const leaf = (type: string, says = ''): Module => ({ type, says });

function conv(inputs: number, outputs: number, kernel: number, stride = 1): Module {
  const padding = kernel === 3 ? ', padding=(1, 1)' : '';
  return leaf(
    'Conv2d',
    `${inputs}, ${outputs}, kernel_size=(${kernel}, ${kernel}), stride=(${stride}, ${stride})${padding}, bias=False`,
  );
}

const norm = (channels: number): Module =>
  leaf('BatchNorm2d', `${channels}, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True`);

const reluConvNorm = (inputs: number, outputs: number, kernel: number, stride = 1): Module => ({
  type: 'ReLUConvBN',
  children: [['op', numbered('Sequential', [leaf('ReLU'), conv(inputs, outputs, kernel, stride), norm(outputs)])]],
});

function operation(name: Operation, inputs: number, outputs: number): Module {
  const same = inputs === outputs;
  switch (name) {
    case 'none':
      return leaf('Zero', `C_in=${inputs}, C_out=${outputs}, stride=1`);
    case 'skip_connect':
      if (same) return leaf('Identity');
      return {
        type: 'FactorizedReduce',
        says: `C_in=${inputs}, C_out=${outputs}, stride=1`,
        children: [
          ['relu', leaf('ReLU')],
          ['conv', conv(inputs, outputs, 1)],
          ['bn', norm(outputs)],
        ],
      };
    case 'nor_conv_1x1':
      return reluConvNorm(inputs, outputs, 1);
    case 'nor_conv_3x3':
      return reluConvNorm(inputs, outputs, 3);
    case 'avg_pool_3x3': {
      const pool = leaf('AvgPool2d', 'kernel_size=3, stride=1, padding=1');
      if (same) return { type: 'POOLING', children: [['op', pool]] };
      return {
        type: 'POOLING',
        children: [
          ['preprocess', reluConvNorm(inputs, outputs, 1)],
          ['op', pool],
        ],
      };
    }
  }
}

/** Which edges of a cell begin at its input, and hence change the number of channels. */
const FROM_INPUT = [true, true, false, true, false, false];

function stage(plan: NetworkPlan, index: number, says: string): Module {
  const outputs = plan.channels[index]!;
  const inputs = plan.channels[index - 1] ?? outputs;
  if (isReduction(plan, index)) {
    const pool = leaf('AvgPool2d', 'kernel_size=2, stride=2, padding=0');
    return {
      type: 'ResNetBasicblock',
      says,
      children: [
        ['conv_a', reluConvNorm(inputs, outputs, 3, 2)],
        ['conv_b', reluConvNorm(outputs, outputs, 3)],
        ['downsample', numbered('Sequential', [pool, conv(inputs, outputs, 1)])],
      ],
    };
  }
  const layers = plan.cell.map((name, edge) => operation(name, FROM_INPUT[edge] ? inputs : outputs, outputs));
  return { type: 'InferCell', says, children: [['layers', numbered('ModuleList', layers)]] };
}

/** What `print(module)` shows (`Module.__repr__`). */
function lines({ type, says = '', children = [] }: Module): string[] {
  if (children.length === 0) return [`${type}(${says})`];
  const inner = children.flatMap(([name, module]) => {
    const [first, ...rest] = lines(module);
    return [`(${name}): ${first}`, ...rest];
  });
  return [`${type}(`, ...[...(says ? [says] : []), ...inner].map((line) => `  ${line}`), ')'];
}

/** The text of a network as Python prints it: what a trial keeps as `net_string`. */
export function printedNetwork(plan: NetworkPlan): string {
  const [says, ...stages] = messageLines(plan);
  const [first, last] = [plan.channels[0]!, plan.channels.at(-1)!];
  return lines({
    type: plan.kind,
    says: says!,
    children: [
      ['stem', numbered('Sequential', [conv(3, first, 3), norm(first)])],
      [
        'cells',
        numbered(
          'ModuleList',
          stages.map((text, i) => stage(plan, i, text)),
        ),
      ],
      ['lastact', numbered('Sequential', [norm(last), leaf('ReLU', 'inplace=True')])],
      ['global_pooling', leaf('AdaptiveAvgPool2d', 'output_size=1')],
      ['classifier', leaf('Linear', `in_features=${last}, out_features=${plan.numClasses}, bias=True`)],
    ],
  }).join('\n');
}
