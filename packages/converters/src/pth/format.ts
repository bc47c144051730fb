import type { Format } from '../registry.js';

/** The original format: what `torch.load` and the reference's API read. Its reader is the API itself. */
export const pth: Format = {
  name: 'pth',
  about: 'the original format, as torch.save writes it',
  extensions: ['.pth', '.pt'],
  compresses: false,
  write: async (header, records, output, options) =>
    (await import('./write.js')).writePth(header, records, output, options),
};
