import { readFileSync } from 'node:fs';
import { torchInfo } from '../networks/torch.js';

const { name, version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  name: string;
  version: string;
};

/** What runs are made on, line by line as the reference's `get_machine_info` has it. */
export async function machineInfo(): Promise<string> {
  const { config, cudaDevices } = await torchInfo();
  const cuDnn = /CuDNN ([\d.]+)/.exec(config)?.[1] ?? 'None';
  const visible = process.env.CUDA_VISIBLE_DEVICES;
  return [
    `Node    Version  : ${process.versions.node}, ${name} ${version}`,
    `PyTorch Version  : ${/TORCH_VERSION=([^,\s]+)/.exec(config)?.[1] ?? 'unknown'}`,
    `cuDNN   Version  : ${cuDnn}`,
    `CUDA available   : ${cudaDevices > 0 ? 'True' : 'False'}`,
    `CUDA GPU numbers : ${cudaDevices}`,
    visible === undefined ? 'Does not set CUDA_VISIBLE_DEVICES' : `CUDA_VISIBLE_DEVICES=${visible}`,
  ].join('\n');
}
