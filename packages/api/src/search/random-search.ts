import type { SearchMethod } from './algorithm.js';

/** Random search (Bergstra and Bengio, 2012), the reference's RANDOM.py: an architecture at random, over and over. */
export const randomSearch: SearchMethod = ({ space, random }) => ({
  suggest: () => space.random(random),
});
