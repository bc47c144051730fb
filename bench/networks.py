"""networks.py WEIGHTS.pth THREADS: the jobs of networks.mjs in Python, on the same libtorch; one JSON line.

The network is written here with torch.nn as the benchmark's paper describes it: the same layers in the same order as the
reference's, which is no package that can be installed. With AUTODL naming a copy of AutoDL-Projects it is the
reference's own. With `--write` it writes the weights instead.
"""
import json
import os
import sys
import time

import torch
from torch import nn

ARCH = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"


class Cell(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layers = nn.ModuleList()
        self.inputs = []
        for node in ARCH.split("+"):
            edges = [edge.split("~") for edge in node.strip("|").split("|")]
            self.inputs.append([(len(self.layers) + i, int(source)) for i, (_, source) in enumerate(edges)])
            self.layers.extend(operation(name, channels) for name, _ in edges)

    def forward(self, x):
        nodes = [x]
        for edges in self.inputs:
            nodes.append(sum(self.layers[layer](nodes[source]) for layer, source in edges))
        return nodes[-1]


class Named(nn.Module):
    """Gives a sequence the name that the reference's state dict has for it."""

    def __init__(self, *layers):
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x):
        return self.op(x)


def conv(inputs, outputs, kernel, stride=1):
    return Named(nn.ReLU(), nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


def operation(name, channels):
    return {"skip_connect": nn.Identity, "avg_pool_3x3": lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
            "nor_conv_3x3": lambda: conv(channels, channels, 3)}[name]()


class Block(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.conv_a, self.conv_b = conv(inputs, 2 * inputs, 3, 2), conv(2 * inputs, 2 * inputs, 3)
        self.downsample = nn.Sequential(nn.AvgPool2d(2, 2), nn.Conv2d(inputs, 2 * inputs, 1, bias=False))

    def forward(self, x):
        return self.downsample(x) + self.conv_b(self.conv_a(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16))
        stages = []
        for channels in (16, 32, 64):
            stages += [Block(channels // 2)] if channels > 16 else []
            stages += [Cell(channels) for _ in range(5)]
        self.cells = nn.ModuleList(stages)
        self.lastact = nn.Sequential(nn.BatchNorm2d(64), nn.ReLU(inplace=True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(64, 10)

    def forward(self, x):
        x = self.stem(x)
        for cell in self.cells:
            x = cell(x)
        features = self.pool(self.lastact(x)).view(x.size(0), -1)
        return features, self.classifier(features)


def build():
    torch.manual_seed(777)
    if "AUTODL" not in os.environ:
        return Net()
    return get_cell_based_tiny_net({"name": "infer.tiny", "C": 16, "N": 5, "arch_str": ARCH, "num_classes": 10})


if "AUTODL" in os.environ:
    sys.path.insert(0, os.environ["AUTODL"])
    from xautodl.models import get_cell_based_tiny_net

weights, threads = sys.argv[1:3]
if threads == "--write":
    torch.save(build().state_dict(), weights)
    sys.exit()

torch.set_num_threads(int(threads))
jobs = {}


def timed(name, count, work):
    work()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    jobs[name] = sorted(times)[len(times) // 2]


timed("build a network", 10, build)
net = build().eval()
timed("load trained weights", 10, lambda: net.load_state_dict(torch.load(weights)))


def batch(n):
    return torch.tensor([(i * 7919) % 257 / 128 - 1 for i in range(n * 3072)]).view(n, 3, 32, 32)


with torch.no_grad():
    for n, count in ((1, 40), (64, 5), (256, 3)):
        images = batch(n)
        timed("forward, batch %d" % n, count, lambda: net(images))

net.train()
optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
images, labels = batch(64), torch.tensor([i % 10 for i in range(64)])


def step():
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(images)[1], labels)
    loss.backward()
    optimizer.step()
    loss.item()


timed("training step, batch 64", 4, step)
images = images.contiguous(memory_format=torch.channels_last)
timed("training step, batch 64, channels last", 4, step)
print(json.dumps({"jobs": jobs}))
