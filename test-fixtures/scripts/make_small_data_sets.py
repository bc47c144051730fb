#!/usr/bin/env python3
"""Write small data sets in the published layouts, with images from a formula, for the tests.

    make_small_data_sets.py OUT [--images N]

Each file has N images (default 24). Writes OUT/cifar-10-batches-py, OUT/cifar-100-python, OUT/ImageNet16,
OUT/cifar-10-python.tar.gz and OUT/folder/{train,test}/{cat,dog}; prints as JSON what is in them: SHA-256 of the pixels and labels.
"""
import argparse
import hashlib
import json
import pathlib
import pickle
import tarfile

import numpy as np
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--images", type=int, default=24)
args = parser.parse_args()
N = args.images


def pixels(first, count, row):
    return ((np.arange(count * row, dtype=np.int64) + first * row) * 7919 % 251).astype(np.uint8).reshape(count, row)


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as file:
        pickle.dump(value, file, protocol=2)


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()


def told(data, labels):
    return {"pixels": digest(data), "labels": [int(label) for label in labels]}


def main():
    answer = {}
    cifar10 = args.out / "cifar-10-batches-py"
    batches = [(pixels(i * N, N, 3072), [(i + 3 * k) % 10 for k in range(N)]) for i in range(6)]
    for i, (data, labels) in enumerate(batches):
        name = "test_batch" if i == 5 else "data_batch_%d" % (i + 1)
        write(cifar10 / name, {"data": data, "labels": labels, "filenames": ["x.png"] * N, "batch_label": name})
    names = "airplane automobile bird cat deer dog frog horse ship truck".split()
    write(cifar10 / "batches.meta", {"num_cases_per_batch": N, "label_names": names, "num_vis": 3072})
    answer["cifar10"] = {"train": told(np.concatenate([b[0] for b in batches[:5]]), sum((b[1] for b in batches[:5]), [])),
                         "test": told(*batches[5])}
    with tarfile.open(args.out / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name in ("batches.meta", "test_batch", "data_batch_5", "data_batch_1", "data_batch_2", "data_batch_4", "data_batch_3"):
            archive.add(cifar10 / name, "cifar-10-batches-py/" + name)

    cifar100 = args.out / "cifar-100-python"
    answer["cifar100"] = {}
    for i, name in enumerate(("train", "test")):
        data, labels = pixels(1000 + i * N, N, 3072), [(i + 7 * k) % 6 for k in range(N)]
        write(cifar100 / name, {"data": data, "fine_labels": labels, "coarse_labels": [0] * N, "filenames": [""] * N})
        answer["cifar100"][name] = told(data, labels)
    write(cifar100 / "meta", {"fine_label_names": ["class%d" % i for i in range(100)], "coarse_label_names": []})

    kept = []
    for i in range(11):
        name = "val_data" if i == 10 else "train_data_batch_%d" % (i + 1)
        data, labels = pixels(2000 + i * N, N, 768), [1 + (37 * (i + k)) % 1000 if k % 3 else 1 + (k + i) % 120 for k in range(N)]
        write(args.out / "ImageNet16" / name, {"data": data, "labels": labels})
        few = [k for k in range(N) if labels[k] <= 120]
        kept.append((data[few], [labels[k] - 1 for k in few]))
    answer["ImageNet16-120"] = {
        "train": told(np.concatenate([k[0] for k in kept[:10]]), sum((k[1] for k in kept[:10]), [])), "test": told(*kept[10])}

    image = pixels(5, 1, 3072).reshape(3, 32, 32)
    for split, label, name in (("train", "cat", "b.png"), ("train", "dog", "a.PNG"), ("train", "cat", "a.png"),
                               ("test", "dog", "z.png"), ("train", "dog", "c.jpg")):
        path = args.out / "folder" / split / label / name
        path.parent.mkdir(parents=True, exist_ok=True)
        flat = np.full((3, 48, 32), 77, np.uint8) if name.endswith("jpg") else image
        Image.fromarray(flat.transpose(1, 2, 0)).save(path)
    answer["folder"] = {"image": digest(image)}
    print(json.dumps(answer))


main()
