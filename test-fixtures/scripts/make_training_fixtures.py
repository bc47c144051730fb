#!/usr/bin/env python3
"""Train with the reference (AutoDL-Projects, package xautodl) on images from a formula; write test-fixtures/training.

    make_training_fixtures.py PATH-OF-AutoDL-Projects [--torchvision FOLDER]

Needs torch and torchvision's transforms (the published wheel's; where its compiled part does not fit this torch, name the
folder that it was unpacked to: only its Python is used). `evaluate_for_seed` is the reference's own; CUDA, which it asserts
everywhere, is replaced by the CPU.
"""
import argparse
import hashlib
import json
import sys
import types
from collections import namedtuple

import numpy as np
import torch
from PIL import Image

from writing import FIXTURES

parser = argparse.ArgumentParser()
parser.add_argument("autodl")
parser.add_argument("--torchvision")
args = parser.parse_args()
sys.path.insert(0, args.autodl)
if args.torchvision:
    sys.path.insert(0, args.torchvision)
    package = types.ModuleType("torchvision")
    package.__path__ = [args.torchvision + "/torchvision"]
    extension = types.ModuleType("torchvision.extension")
    extension._HAS_OPS, extension._assert_has_ops = False, lambda: None
    sys.modules.update({"torchvision": package, "torchvision.extension": extension})

import torchvision.transforms.transforms as transforms  # noqa: E402

torch.set_num_threads(1)
torch.cuda.current_device = lambda: 0
torch.Tensor.cuda = lambda self, *a, **k: self
torch.nn.Module.cuda = lambda self, *a, **k: self
torch.nn.DataParallel = lambda module, **k: module

# Its data sets need the compiled part of torchvision, and are not asked for.
sys.modules["xautodl.datasets"] = types.ModuleType("xautodl.datasets")
sys.modules["xautodl.datasets"].get_datasets = None

from xautodl.models import get_cell_based_tiny_net  # noqa: E402
from xautodl.procedures import funcs_nasbench as funcs  # noqa: E402
from xautodl.procedures.optimizers import get_optim_scheduler  # noqa: E402

CIFAR10 = ([125.3, 123.0, 113.9], [63.0, 62.1, 66.7])
IMAGENET16 = ([122.68, 116.66, 104.01], [63.22, 61.26, 65.09])


def images(first, count, size):
    row = 3 * size * size
    at = np.arange(count * row, dtype=np.int64) + first * row
    return (at * 7919 % 251).astype(np.uint8).reshape(count, 3, size, size)


class Images(torch.utils.data.Dataset):
    def __init__(self, first, count, size, classes, transform):
        self.data, self.transform = images(first, count, size), transform
        self.labels = [(first + i) * 7 % classes for i in range(count)]

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(Image.fromarray(self.data[i].transpose(1, 2, 0))), self.labels[i], i


class Pairs(Images):
    def __getitem__(self, i):
        return super().__getitem__(i)[:2]


def normalised(channels):
    mean, std = ([value / 255 for value in values] for values in channels)
    return [transforms.ToTensor(), transforms.Normalize(mean, std)]


def augmented(channels, size, padding):
    return transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(size, padding=padding)] + normalised(channels))


def loader(data, batch, **sampling):
    return torch.utils.data.DataLoader(data, batch_size=batch, num_workers=1, **sampling)


def subset(indices):
    return {"sampler": torch.utils.data.sampler.SubsetRandomSampler(indices)}


def order(channels, size, padding, seed, indices=None):
    """Two epochs of a training loader: which images come, and what they have become."""
    data = Images(0, 70, size, 10, augmented(channels, size, padding))
    torch.manual_seed(seed)
    source = loader(data, 32, **(subset(indices) if indices else {"shuffle": True}))
    epochs = []
    for _ in range(2):
        sha, seen = hashlib.sha256(), []
        for x, _, index in source:
            sha.update(x.numpy().tobytes())
            seen += index.tolist()
        epochs.append({"indices": seen, "pixels": sha.hexdigest()})
    return {"size": size, "padding": padding, "mean": channels[0], "std": channels[1], "seed": seed, "subset": indices, "epochs": epochs}


def opt_config(epochs, classes, size, **other):
    values = {"scheduler": "cos", "eta_min": 0.0, "epochs": epochs, "warmup": 0, "optim": "SGD", "LR": 0.1, "decay": 0.0005,
              "momentum": 0.9, "nesterov": True, "criterion": "Softmax", "batch_size": 32, "class_num": classes,
              "xshape": (1, 3, size, size), **other}
    return namedtuple("Configure", values)(**values)


class Silent:
    def log(self, *a):
        pass


def digest(state):
    sha = hashlib.sha256()
    for name, tensor in state.items():
        sha.update(name.encode())
        sha.update(tensor.numpy().tobytes())
    return sha.hexdigest()


def training(arch, c, n, seed, split, classes=10, size=32, channels=CIFAR10, **other):
    """The reference's own run: a training set of 96 images, or half of it and the other half as x-valid."""
    config = opt_config(2, classes, size, **other)
    wanted = {"name": "infer.tiny", "C": c, "N": n, "arch_str": arch, "num_classes": classes}
    plain, changed = transforms.Compose(normalised(channels)), augmented(channels, size, size // 8)
    train, test = Pairs(0, 96, size, classes, changed), Pairs(1000, 70, size, classes, plain)
    if split:
        halves = list(range(0, 96, 2)), list(range(1, 96, 2))
        source = loader(train, config.batch_size, **subset(halves[0]))
        sets = {"ori-test": loader(test, config.batch_size), "x-valid": loader(Pairs(0, 96, size, classes, plain), config.batch_size, **subset(halves[1]))}
    else:
        source, sets = loader(train, config.batch_size, shuffle=True), {"ori-test": loader(test, config.batch_size)}
    arch_config = namedtuple("Configure", wanted)(**wanted)
    info = funcs.evaluate_for_seed(arch_config, config, source, sets, seed, Silent())
    keep = ("flop", "total_epoch", "train_losses", "train_acc1es", "train_acc5es", "valid_losses", "valid_acc1es",
            "valid_acc5es", "learning_rates", "net_string")
    return {"arch": arch, "C": c, "N": n, "seed": seed, "split": split, "classes": classes, "size": size,
            "mean": channels[0], "std": channels[1], "config": dict(config._asdict()), "param": float(info["param"]),
            "state": digest(info["net_state_dict"]), "order": list(info), **{key: info[key] for key in keep}}


def steps(arch, dtype=torch.float32):
    """Six steps of 8 images each, then an evaluation: of a network as large as the benchmark's."""
    torch.manual_seed(777)
    network = get_cell_based_tiny_net({"name": "infer.tiny", "C": 16, "N": 5, "arch_str": arch, "num_classes": 10}).to(dtype)
    optimizer, scheduler, criterion = get_optim_scheduler(network.parameters(), opt_config(12, 10, 32))
    scheduler.update(0, 0.0)
    x = torch.stack([Pairs(0, 96, 32, 10, transforms.Compose(normalised(CIFAR10)))[i][0] for i in range(32)]).to(dtype)
    y = torch.tensor([i * 7 % 10 for i in range(32)])
    out = []
    network.train()
    for step in range(6):
        at = [(step * 8 + i) % 32 for i in range(8)]
        optimizer.zero_grad()
        logits = network(x[at])[1]
        loss = criterion(logits, y[at])
        loss.backward()
        optimizer.step()
        acc1, acc5 = funcs.obtain_accuracy(logits.data, y[at], topk=(1, 5))
        out.append([loss.item(), acc1.item(), acc5.item()])
    network.eval()
    with torch.no_grad():
        logits = network(x)[1]
        acc1, acc5 = funcs.obtain_accuracy(logits, y, topk=(1, 5))
        evaluated = [criterion(logits, y).item(), acc1.item(), acc5.item()]
    return {"arch": arch, "steps": out, "evaluation": evaluated}


def rates(epochs, warmup, iterations, eta_min=0.0):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer, scheduler, _ = get_optim_scheduler([parameter], opt_config(epochs, 10, 32, warmup=warmup, eta_min=eta_min))
    out = []
    for epoch in range(epochs + warmup):
        for i in range(iterations):
            scheduler.update(epoch, 0.0) if i == 0 else None
            scheduler.update(None, 1.0 * i / iterations)
            out.append(optimizer.param_groups[0]["lr"])
    return {"epochs": epochs, "warmup": warmup, "iterations": iterations, "eta_min": eta_min, "rates": out}


CELLS = ["|avg_pool_3x3~0|+|skip_connect~0|skip_connect~1|+|avg_pool_3x3~0|none~1|skip_connect~2|",
         "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
         "|nor_conv_1x1~0|+|nor_conv_3x3~0|skip_connect~1|+|nor_conv_1x1~0|avg_pool_3x3~1|none~2|"]

OUT = FIXTURES / "training"
OUT.mkdir(exist_ok=True)
document = {
    "torch": torch.__version__,
    # Which of oneDNN's and torch's kernels run, and hence how sums are rounded, depends on the processor.
    "capability": torch.__config__.show().split("CPU capability usage: ")[1].split()[0],
    "rates": [rates(12, 0, 3), rates(200, 0, 1), rates(6, 2, 5, 0.001)],
    "order": [order(CIFAR10, 32, 4, 777), order(CIFAR10, 32, 4, 2**31 + 5, list(range(1, 70, 2))), order(IMAGENET16, 16, 2, 0)],
    "steps": [steps(arch) for arch in CELLS],
    "trials": [training(CELLS[0], 4, 1, 111, False), training(CELLS[1], 4, 1, 777, True),
               training(CELLS[2], 6, 1, 888, True, 120, 16, IMAGENET16, warmup=1, batch_size=20)],
}
text = ",\n".join('"%s":[\n%s\n]' % (part, ",\n".join(json.dumps(case, separators=(",", ":")) for case in document[part]))
                  for part in ("rates", "order", "steps", "trials"))
(OUT / "answers.json").write_text(
    '{"torch":%s,"capability":%s,\n%s}\n' % (json.dumps(document["torch"]), json.dumps(document["capability"]), text))
