import { PythonRandom } from '../random/python-random.js';

/*
 * The proposed splits, as they were drawn: the reference keeps the results as `configs/nas-benchmark/*-split.txt`. Of an
 * incomplete copy of a data set they hold the images that are there.
 */

const sorted = (numbers: Iterable<number>) => Int32Array.from(numbers).sort();
const below = (numbers: Int32Array, count: number) => numbers.filter((index) => index < count);

/** All of 0 to count - 1 in halves that are drawn by shuffling. */
function halves(seed: number, count: number): [first: Int32Array, second: Int32Array] {
  const all = Array.from({ length: count }, (_, i) => i);
  new PythonRandom(seed).shuffle(all);
  return [sorted(all.slice(0, count / 2)), sorted(all.slice(count / 2))];
}

/** CIFAR-10's training images in `train` and `valid` (`cifar-split.txt`). @param count how many images there are */
export function cifar10Split(count = 50_000): { train: Int32Array; valid: Int32Array } {
  const [train, valid] = halves(1021, 50_000);
  return { train: below(train, count), valid: below(valid, count) };
}

/**
 * CIFAR-100's test images in `xvalid` and `xtest` (`cifar100-test-split.txt`): half of each class.
 * @param labels of all test images, in their order
 */
export function cifar100TestSplit(labels: ArrayLike<number>): { xvalid: Int32Array; xtest: Int32Array } {
  const byClass = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const members = byClass.get(labels[i]!);
    if (members) members.push(i);
    else byClass.set(labels[i]!, [i]);
  }
  const random = new PythonRandom(111);
  const valid = new Set<number>();
  for (const members of byClass.values()) {
    for (const index of random.sample(members, Math.floor(members.length / 2))) valid.add(index);
  }
  const rest = Array.from(labels, (_, i) => i).filter((i) => !valid.has(i));
  return { xvalid: sorted(valid), xtest: sorted(rest) };
}

/**
 * The training images of ImageNet16-120 in `train` and `valid` (`ImageNet16-120-split.txt`), which the reference reads
 * and never uses.
 */
export function imageNet16TrainSplit(): { train: Int32Array; valid: Int32Array } {
  const [train, valid] = halves(111, 151_700);
  return { train, valid };
}

const IMAGENET16_TEST = 6000;

/**
 * Which of the 6,000 test images of ImageNet16-120 are `xvalid`, a bit an image, lowest first; the others are `xtest`.
 * The benchmark's own data (`imagenet-16-120-test-split.txt` of D-X-Y/AutoDL-Projects), under its licence:
 *
 * MIT License. Copyright (c) since 2019.01.01, author: Xuanyi Dong (GitHub: https://github.com/D-X-Y)
 *
 * Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
 * documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
 * rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
 * persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice
 * and this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS
 * PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
 * MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
 * HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
 * ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 */
const IMAGENET16_XVALID = [
  'zhMNPH1rbUGc/WVev4R1E67WXgQ+b883RxwMIaQkAH7MPZ5DxupPURlbHsWb5ZYB6nKvpIGo4JUJRb+AAgy3W77OJg3BGtWFiQoqvITdgn0JlH',
  'cYtWDfHVAzn+scFdXJlajHRoHIovUCqh2F1bKdeCpfJGblbre16B25lXARARN/pbmTweCYKYMuPUlGQJnSQBli76ZmEAgPXQxOLt8eM6EHtNI1',
  'sUmkmTBeKfouPfon+VATRSgXMzIwBCav8Ekxwxj3P21Nd1rVJT/cWItFJv0Sr7u1S/Wb6Ve4XxF6Y2McrSMWeFjwLM42PcEQ5K0k+sNiWJ5t3O',
  'MMBzS44MTfX5sYzKxUOrah3OgAxw4GcByL7xQj8Kphxa835qJJcSI8j0IcXn0Q6D4shjKPv7vK3/GCss2Bi4JRQcG437lQkU4SaoewcjHjpKrQ',
  '5IhgTw4MXJjS8kF62dv5cyXmub/2tlfqwAZJfX1k/nIc10O8PLzn/d2EAT93Lnnh6bqHRo21/cZhoRlwhIJisPRIulG0hsIt2WyL37eAdf94yL',
  'Gydu+zpmCatibVLrHhkYS5SN7Nrn6TSuLHblZkLRvEHIBecJrYULPNJRCbOpYJcu3VrfTySI/NdspvYL35oVEXWPu5G/jIy63JOKl0460z7+Px',
  'MWi0mDk7Ehooo3aV7irfqmSTYfCoTgmUX7wQaE/UrKqHdJpPl5mXchPcP/vX9xnAK86mRHEuWDrLRHuAAoQQCQpzp0sRMfH/YjRtUQbhd6Qljb',
  'p+3lexuaNiDtlNCDfu7lhKowjLXPasXFr6rULjHGXwRn77SVeZlNetn68xKX+FxISfMO+mK/8gZ+vs8ieED5ypb4y1utdtf9kFLe2wUr+/5RP7',
  'qz5ioNaBE0abMNw7fQICOpQGfalpSW1sJUwxMUAZ8n7AAXBO98S2Ps5Oyq08AzmngD3ccEvhbBZneC5SC7y4zPTbING/AC1cOCn7disY/BE00F',
  'XCzFm1X5vm',
].join('');

/** The test images of ImageNet16-120 in `xvalid` and `xtest`. @param count how many images there are */
export function imageNet16TestSplit(count = IMAGENET16_TEST): { xvalid: Int32Array; xtest: Int32Array } {
  const bits = Buffer.from(IMAGENET16_XVALID, 'base64');
  const all = Array.from({ length: Math.min(count, IMAGENET16_TEST) }, (_, i) => i);
  const isValid = (i: number) => ((bits[i >> 3]! >> (i & 7)) & 1) === 1;
  return { xvalid: sorted(all.filter(isValid)), xtest: sorted(all.filter((i) => !isValid(i))) };
}
