#!/usr/bin/env python3
"""Ask the reference's networks (AutoDL-Projects, package xautodl) and write test-fixtures/networks.

    make_network_fixtures.py PATH-OF-AutoDL-Projects

Needs torch. Weights are not stored: both sides draw them from the same seed. Inputs come from a formula that is exact in
float32 (`image_values`). Numbers are float32, little-endian, in base64.
"""
import base64
import hashlib
import itertools
import json
import random
import sys
from collections import OrderedDict

import numpy as np
import torch

from writing import FIXTURES, legacy, repeatable, write, write_zip

repeatable()
sys.path.insert(0, sys.argv[1])

from xautodl.models import get_cell_based_tiny_net  # noqa: E402
from xautodl.utils.flop_benchmark import get_model_infos  # noqa: E402

OUT = FIXTURES / "networks"
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
torch.set_num_threads(1)


def cell(operations):
    return "|%s~0|+|%s~0|%s~1|+|%s~0|%s~1|%s~2|" % tuple(operations)


def config(arch, c, n, classes):
    return {"name": "infer.tiny", "C": c, "N": n, "arch_str": arch, "num_classes": classes}


def shape_config(arch, channels, classes):
    return {"name": "infer.shape.tiny", "channels": channels, "genotype": arch, "num_classes": classes}


def images(batch, size):
    """Numbers from -1 to 1, multiples of 1/128."""
    return torch.tensor([(i * 7919) % 257 / 128 - 1 for i in range(batch * 3 * size * size)]).view(batch, 3, size, size)


def build(wanted, seed):
    torch.manual_seed(seed)
    return get_cell_based_tiny_net(wanted)


def packed(tensor):
    return base64.b64encode(tensor.detach().numpy().astype("<f4").tobytes()).decode()


def digest(network):
    """Of all names and values of the state dict, in its order."""
    sha = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        sha.update(name.encode())
        sha.update(tensor.numpy().tobytes())
    return sha.hexdigest()


def answers(wanted, seed, batch, size):
    network = build(wanted, seed)
    case = {"config": wanted, "seed": seed, "batch": batch, "size": size, "state": digest(network)}
    x = images(batch, size)
    with torch.no_grad():
        network.train()
        network(x)  # so that running statistics are not 0 and 1
        network.eval()
        features, logits = network(x)
    case["features"], case["logits"] = packed(features), packed(logits)
    return case


def in_other_ways(wanted, seed, batch, size):
    """The same network with the channels of a pixel together in memory, and with autocast."""
    network = build(wanted, seed)
    x = images(batch, size)
    last = x.contiguous(memory_format=torch.channels_last)
    narrow = torch.autocast("cpu", dtype=torch.bfloat16)
    with torch.no_grad():
        network.train()
        network(x)
        network.eval()
        ways = {"plain": network(x), "channelsLast": network(last)}
        with narrow:
            ways["autocast"] = network(x)
            assert ways["autocast"][1].dtype == torch.bfloat16
    return {"config": wanted, "seed": seed, "batch": batch, "size": size,
            **{name: packed(logits.float()) for name, (_, logits) in ways.items()}}


def options(cells):
    shapes = [(4, 1, 10, 8), (8, 1, 100, 8), (16, 2, 120, 16)]
    cases = [in_other_ways(config(arch, *shapes[i % 3][:3]), 777 + i, 2, shapes[i % 3][3]) for i, arch in enumerate(cells)]
    (OUT / "options.json").write_text("[\n%s\n]\n" % ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))


def training(wanted, seed, batch, size, steps=3):
    network = build(wanted, seed).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    x, labels = images(batch, size), torch.tensor([i * 3 % wanted["num_classes"] for i in range(batch)])
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x)[1], labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"config": wanted, "seed": seed, "batch": batch, "size": size, "losses": losses}


def cost(wanted, size):
    flops, params = get_model_infos(build(wanted, 0), (1, 3, size, size))
    return {"config": wanted, "size": size, "flops": flops, "params": float(params)}


def main():
    rng = random.Random(201)
    # Every operation on every edge, and pairs of operations at random; 210 in all.
    shifted = [[(edge * step + first) % 5 for edge in range(6)] for step in range(5) for first in range(5)]
    cells = [cell(OPERATIONS[i] for i in numbers) for numbers in shifted]
    everything = [cell(ops) for ops in itertools.product(OPERATIONS, repeat=6)]
    cells += rng.sample(everything, 210 - len(cells))
    for edge, operation in itertools.product(range(6), OPERATIONS):
        assert any(c.replace("+", "").strip("|").replace("||", "|").split("|")[edge].startswith(operation) for c in cells)
    shapes = [(4, 1, 10, 8), (3, 2, 100, 8), (6, 1, 120, 16)]
    forward = [answers(config(arch, *shapes[i % 3][:3]), 777 + i, 2, shapes[i % 3][3]) for i, arch in enumerate(cells)]
    forward += [answers(config(arch, 16, 5, classes), 777, 2, size)
                for arch, (classes, size) in zip(rng.sample(everything, 6), [(10, 32), (100, 32), (120, 16)] * 2)]
    channels = ["8:16:24:32:40", "64:8:32:24:8", "8:8:8:8:8", "16:16:32:32:64"]
    sizes = [shape_config(arch, channels[i % 4], (10, 100, 120)[i % 3]) for i, arch in enumerate(cells[:24])]
    forward += [answers(wanted, 888, 2, 8) for wanted in sizes]
    steps = [training(config(arch, 4, 1, 10), 777, 8, 8) for arch in rng.sample(everything, 24)]
    steps += [training(config(arch, 16, 5, 10), 777, 4, 16) for arch in rng.sample(everything, 3)]
    steps += [training(wanted, 777, 4, 8) for wanted in sizes[:4]]
    costs = [cost(config(arch, c, n, classes), size)
             for arch, (c, n, classes, size) in zip(rng.sample(everything, 9), [(16, 5, 10, 32), (16, 5, 120, 16), (7, 2, 100, 32)] * 3)]
    costs += [cost(wanted, 32) for wanted in sizes[:6]]
    for wanted in (config(cells[7], 16, 5, 10), sizes[1]):
        costs.append({**cost(wanted, 32), "message": build(wanted, 0).get_message()})
    document = {"torch": torch.__version__, "forward": forward, "training": steps, "costs": costs}
    OUT.mkdir(exist_ok=True)
    text = '{"torch":%s,\n"forward":[\n%s\n],\n"training":[\n%s\n],\n"costs":[\n%s\n]}\n' % (
        json.dumps(document["torch"]), *(",\n".join(json.dumps(case, separators=(",", ":")) for case in document[part])
                    for part in ("forward", "training", "costs")))
    (OUT / "answers.json").write_text(text)

    options(cells[5:11])

    # Weights that no seed gives, as torch.save writes them, and what the network makes of them.
    wanted = config("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_1x1~2|", 2, 1, 10)
    network = build(wanted, 5)
    values = np.random.RandomState(201)
    for name, tensor in network.state_dict().items():
        if tensor.dtype == torch.float32:
            drawn = values.uniform(0.5, 1.5, tensor.shape) if "running_var" in name else values.normal(0, 0.5, tensor.shape)
            tensor.copy_(torch.from_numpy(np.asarray(drawn, dtype="float32")))
    network.eval()
    with torch.no_grad():
        features, logits = network(images(2, 8))
    state = OrderedDict(network.state_dict())
    write(OUT / "weights-legacy.pth", legacy(state))
    write_zip(OUT / "weights-zip.pth", state)
    # Tensors as the file may hold them: half of a larger storage, transposed.
    views = OrderedDict(state)
    whole = torch.stack([state["classifier.bias"], torch.zeros(10)], 1)
    views["classifier.bias"] = whole[:, 0]
    views["classifier.weight"] = state["classifier.weight"].t().contiguous().t()
    views["lastact.0.weight"] = state["lastact.0.weight"].double()
    write(OUT / "weights-views.pth", legacy(views))
    (OUT / "weights.json").write_text(json.dumps({"config": wanted, "batch": 2, "size": 8, "features": packed(features),
                                                  "logits": packed(logits), "state": digest(network)}) + "\n")

    # An architecture's file of the archive whose networks are small enough to be kept.
    record = torch.load(FIXTURES / "benchmark/archive/000003-FULL.pth")
    record["full"] = record["less"]  # the 200 epochs are long, and not asked for
    for trial in record["less"]["all_results"].values():
        trial["net_state_dict"] = None
        trial["arch_config"].update(channel=2, num_cells=1)
    trial = record["less"]["all_results"]["cifar100", 111]
    small = build(config(record["less"]["arch_str"], 2, 1, 100), 42)
    trial["net_state_dict"] = small.state_dict()
    write(OUT / "000003-FULL.pth", legacy(record))


if __name__ == "__main__":
    main()
