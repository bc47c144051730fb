import type { Format } from '../registry.js';

/** The original format. */
export const pth: Format = {
  name: 'pth',
  about: 'the original format, as torch.save writes it',
  extensions: ['.pth', '.pt'],
  compresses: false,
};
