import { cpus } from 'node:os';
import { torchInfo } from '../networks/torch.js';

/**
 * What a training was run on, as text: what the reference keeps as `info` (`get_machine_info`).
 * @throws NetworkError NO_LIBTORCH
 */
export async function machineInfo(): Promise<string> {
  const { compiledFor, from, threads, cudaDevices } = await torchInfo();
  return [
    ['Node     Version', process.version],
    ['libtorch Version', `${compiledFor} (${from})`],
    ['CPU', `${cpus()[0]?.model ?? 'unknown'}, ${threads} threads`],
    ['CUDA available', cudaDevices > 0 ? 'True' : 'False'],
    ['CUDA GPU numbers', String(cudaDevices)],
    ['CUDA_VISIBLE_DEVICES', process.env.CUDA_VISIBLE_DEVICES ?? 'not set'],
  ]
    .map(([name, value]) => `${name!.padEnd(16)} : ${value}`)
    .join('\n');
}
