#!/usr/bin/env python3
"""Write ../weight-sharing/traces.json: what the reference's weight-sharing searches do on fixed batches.

    make_weight_sharing_traces.py --scripts AUTODL --reference DIR --nats DIR

AUTODL is a checkout of D-X-Y/AutoDL-Projects, the DIRs hold the packages nas-bench-201 2.1 and nats-bench 1.8, which the
scripts import. The scripts' own functions run on a CPU, with these things set: `.cuda()` does nothing, DataParallel hands
on, top-k accuracy reshapes where it would view (which torch has refused since 1.7). A step is one call of their
`search_func` with a loader of one batch, so that weights and architecture can be looked at in between.

Images come from a formula that is exact in float32 (`images`), weights from the seed. Tensors are float32, little-endian,
in base64.
"""
import argparse
import base64
import contextlib
import hashlib
import importlib.util
import io
import json
import pathlib
import random
import sys
from unittest import mock

import numpy as np
import torch

from make_search_traces import Absent

OUT = pathlib.Path(__file__).resolve().parent.parent / "weight-sharing" / "traces.json"
OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
SEED, EPOCHS, STEPS = 777, 2, 4
SMALL, STANDARD = dict(C=4, N=1, batch=8, size=8, steps=STEPS), dict(C=16, N=5, batch=4, size=16, steps=1)
EVALUATION_BATCHES = 3

torch.set_num_threads(1)


def packed(tensor):
    return base64.b64encode(tensor.detach().numpy().astype("<f4").tobytes()).decode()


def digest(*modules):
    """Of all names and values of the modules' state dicts, in their order."""
    sha = hashlib.sha256()
    for module in modules:
        for name, tensor in module.state_dict().items():
            sha.update(name.encode())
            sha.update(tensor.numpy().tobytes())
    return sha.hexdigest()


def images(number, batch, size):
    """Batch `number`: numbers from -1 to 1, multiples of 1/128."""
    values = [((i + 31 * number) * 7919) % 257 / 128 - 1 for i in range(batch * 3 * size * size)]
    return torch.tensor(values).view(batch, 3, size, size)


def labels(number, batch):
    return torch.tensor([(i * 3 + number) % 10 for i in range(batch)])


def operations_of(structure):
    return [OPERATIONS.index(op) for node in structure.nodes for op, _ in node]


class DataParallel(torch.nn.Module):
    """On one device: hands on."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, *inputs):
        return self.module(*inputs)


def obtain_accuracy(output, target, topk=(1,)):
    _, predicted = output.topk(max(topk), 1, True, True)
    correct = predicted.t().eq(target.view(1, -1).expand_as(predicted.t()))
    return [correct[:k].reshape(-1).float().sum(0, keepdim=True).mul_(100.0 / target.size(0)) for k in topk]


class Criterion:
    """Cross-entropy, which remembers its values."""

    def __init__(self):
        self.losses = []

    def __call__(self, logits, targets):
        loss = torch.nn.functional.cross_entropy(logits, targets)
        self.losses.append(loss.item())
        return loss

    def taken(self):
        losses, self.losses = self.losses, []
        return losses


class Silent:
    def log(self, text):
        pass


def script(folder, name):
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), folder / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.obtain_accuracy = obtain_accuracy
    return module


@contextlib.contextmanager
def sampled_gumbel():
    """The operations that GDAS's passes choose: its index is what scatter_ is given."""
    chosen = []
    scatter = torch.Tensor.scatter_

    def watched(self, dim, index, value):
        chosen.append(index.view(-1).tolist())
        return scatter(self, dim, index, value)

    with mock.patch.object(torch.Tensor, "scatter_", watched):
        yield chosen


@contextlib.contextmanager
def drawn_cells(model):
    """The cells that SETN draws."""
    drawn = []
    if not hasattr(model, "dync_genotype"):
        yield drawn
        return
    draw = model.dync_genotype
    with mock.patch.object(model, "dync_genotype", lambda *args: drawn.append(draw(*args)) or drawn[-1]):
        yield drawn


def seeded():
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.cuda.manual_seed_all(SEED)


def config_of(auto, name, epochs=EPOCHS):
    with contextlib.redirect_stdout(io.StringIO()):
        config = auto.load_config(str(auto.configs / name), {"class_num": 10, "xshape": (1, 3, 32, 32), "epochs": epochs}, None)
    return config


def batches(number, shape):
    return (images(2 * number, shape["batch"], shape["size"]), labels(2 * number, shape["batch"]),
            images(2 * number + 1, shape["batch"], shape["size"]), labels(2 * number + 1, shape["batch"]))


def evaluation_loader(shape):
    return [(images(100 + i, shape["batch"], shape["size"]), labels(100 + i, shape["batch"])) for i in range(EVALUATION_BATCHES)]


def averages(measured):
    return dict(zip(("loss", "top1", "top5"), map(float, measured)))


def alphas(model):
    return packed(model.arch_parameters) if hasattr(model, "arch_parameters") else None


def ends_of(controller):
    """What it starts with and what it ends with: of 17,253 parameters enough to tell one run from another."""
    return packed(torch.cat([p.view(-1) for p in (controller.input_vars, controller.w_pred.weight, controller.w_pred.bias)]))


def epoch_of(step):
    return step // 2


def original_parts(auto, algorithm, track, shape):
    """A search of exps/NAS-Bench-201-algos as its script sets it up, and its step."""
    module = auto.algorithms[algorithm]
    name = {"RANDOM-NAS": "RANDOM"}.get(algorithm, algorithm)
    config = config_of(auto, {"DARTS-V1": "DARTS", "DARTS-V2": "DARTS"}.get(algorithm, name) + ".config")
    seeded()
    model_config = auto.dict2config(dict(name=name, C=shape["C"], N=shape["N"], max_nodes=4, num_classes=10, space=OPERATIONS,
                                         affine=False, track_running_stats=bool(track)), None)
    model = auto.get_cell_based_tiny_net(model_config)
    controller = model.create_controller() if algorithm == "ENAS" else None
    criterion = Criterion()
    weights = model.get_weights() if hasattr(model, "get_weights") else model.parameters()
    w_optimizer, w_scheduler, _ = auto.get_optim_scheduler(weights, config)
    a_optimizer = None
    if algorithm == "ENAS":
        a_optimizer = torch.optim.Adam(controller.parameters(), lr=config.controller_lr, betas=config.controller_betas,
                                       eps=config.controller_eps)
    elif algorithm != "RANDOM-NAS":
        a_optimizer = torch.optim.Adam(model.get_alphas(), lr=3e-4, betas=(0.5, 0.999), weight_decay=1e-3)
    network = DataParallel(model)
    common = (criterion, w_scheduler, w_optimizer)

    def step(loader):
        if algorithm == "ENAS":
            module.train_shared_cnn([loader[0][:2]], network, controller, *common, "", 200, Silent())
        elif algorithm == "RANDOM-NAS":
            module.search_func(loader, network, *common, "", 200, Silent())
        else:
            clip = (5,) if algorithm == "DARTS-V1" else ()
            module.search_func(loader, network, *common, a_optimizer, "", 200, Silent(), *clip)

    return argparse.Namespace(module=module, model=model, network=network, controller=controller, criterion=criterion,
                              scheduler=w_scheduler, a_optimizer=a_optimizer, step=step)


def original(auto, algorithm, track, shape):
    """What such a search does in some steps."""
    parts = original_parts(auto, algorithm, track, shape)
    module, model, network, controller, criterion = parts.module, parts.model, parts.network, parts.controller, parts.criterion
    w_scheduler, a_optimizer = parts.scheduler, parts.a_optimizer
    case = dict(algorithm=algorithm, track=track, **shape, seed=SEED, epochs=EPOCHS,
                initial=digest(*[m for m in (model, controller) if m is not None]))
    if algorithm in ("DARTS-V1", "DARTS-V2", "GDAS", "SETN"):
        auto.get_model_infos(model, (1, 3, shape["size"], shape["size"]))
    steps = []
    for number in range(shape["steps"]):
        w_scheduler.update(epoch_of(number), 0.0)
        if algorithm == "GDAS":
            model.set_tau(10 - (10 - 0.1) * epoch_of(number) / (EPOCHS - 1))
        step = dict(lr=min(w_scheduler.get_lr()))
        with sampled_gumbel() as chosen, drawn_cells(model) as drawn:
            parts.step([batches(number, shape)])
        if algorithm == "ENAS":
            step["cell"] = operations_of(model.sampled_arch)
        elif algorithm == "RANDOM-NAS":
            step["cell"] = operations_of(model.arch_cache)
        elif algorithm == "GDAS":
            step["cells"] = chosen
        elif drawn:
            step["cell"] = operations_of(drawn[0])
        step["losses"], step["architecture"] = criterion.taken(), alphas(model)
        steps.append(step)
    case["trace"] = steps
    loader = evaluation_loader(shape)
    if algorithm == "ENAS":
        settings = mock.Mock(baseline=None, ctl_train_steps=2, ctl_num_aggre=3, ctl_entropy_w=0.0001, ctl_bl_dec=0.99)
        rounds = []
        for _ in range(2):
            *_, baseline = module.train_controller(loader, network, controller, criterion, a_optimizer, settings, "", 200, Silent())
            settings.baseline = baseline
            cell, _ = module.get_best_arch(controller, network, loader)
            model.update_arch(operations_of(cell))
            rounds.append(dict(baseline=baseline, controller=ends_of(controller), cell=operations_of(cell),
                               evaluation=averages(module.valid_func(loader, network, criterion))))
        case["rounds"] = rounds
    elif algorithm == "SETN":
        case["most_probable"] = [operations_of(cell) for cell in model.return_topK(20)]
        cell, _ = module.get_best_arch(loader, network, 5)
        case["cell"] = operations_of(cell)
        model.set_cal_mode("dynamic", cell)
    elif algorithm == "RANDOM-NAS":
        case["evaluation"] = averages(module.valid_func(loader, network, criterion))
        cell, _ = module.search_find_best(loader, network, 5)
        case["cell"] = operations_of(cell)
    else:
        case["cell"] = operations_of(model.genotype())
    if algorithm not in ("RANDOM-NAS", "GDAS", "ENAS"):
        case["evaluation"] = averages(module.valid_func(loader, network, criterion))
    return case


def generic(auto, algorithm, affine, track, drop_path, shape):
    """A search of exps/NATS-algos/search-cell.py."""
    module = auto.generic
    config = config_of(auto, "weight-sharing.config")
    seeded()
    model = auto.get_cell_based_tiny_net(auto.dict2config(
        dict(name="generic", C=shape["C"], N=shape["N"], max_nodes=4, num_classes=10, space=OPERATIONS, affine=bool(affine),
             track_running_stats=bool(track)), None))
    model.set_algo(algorithm)
    case = dict(algorithm=algorithm, affine=affine, track=track, drop_path=drop_path, **shape, seed=SEED, epochs=EPOCHS,
                initial=digest(model))
    criterion = Criterion()
    w_optimizer, w_scheduler, _ = auto.get_optim_scheduler(model.weights, config)
    enas = dict(lr=1e-3, weight_decay=0, eps=1e-3)
    a_optimizer = torch.optim.Adam(model.alphas, betas=(0.5, 0.999), **(enas if algorithm == "enas" else dict(lr=3e-4, weight_decay=1e-3)))
    random.sample(range(15625), 1)  # network.return_topK(1, True), the cell that the log begins with
    steps = []
    for number in range(shape["steps"]):
        w_scheduler.update(epoch_of(number), 0.0)
        model.set_drop_path(float(epoch_of(number) + 1) / EPOCHS, drop_path)
        if algorithm == "gdas":
            model.set_tau(10 - (10 - 0.1) * epoch_of(number) / (EPOCHS - 1))
        with sampled_gumbel() as chosen:
            module.search_func([batches(number, shape)], model, criterion, w_scheduler, w_optimizer, a_optimizer, "", 200, algorithm,
                               Silent())
        steps.append(dict(losses=criterion.taken(), architecture=alphas(model), **(dict(cells=chosen) if algorithm == "gdas" else {})))
    case["trace"] = steps
    loader = evaluation_loader(shape)
    if algorithm == "enas" and not affine:
        # As many samples as the script has, on ever the same batches.
        *_, baseline, _ = module.train_controller(loader, model, criterion, a_optimizer, None, "", 200, Silent())
        case["controller"] = dict(baseline=baseline, controller=ends_of(model.controller))
    cell, _ = module.get_best_arch(loader, model, 5, algorithm)
    case["cell"] = operations_of(cell)
    mode = {"setn": "dynamic", "enas": "dynamic", "gdas": "gdas", "random": "urs"}.get(algorithm, "joint")
    model.set_cal_mode(mode, cell if mode == "dynamic" else None)
    case["evaluation"] = averages(module.valid_func(loader, model, criterion, algorithm, Silent()))
    return case


class Draws(torch.utils.data.Dataset):
    """Images as their number and what torchvision's transforms (0.8 and later) draw for them: flip, top and left of the crop."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        flip = torch.rand(1) < 0.5
        return torch.tensor([number, int(flip), int(torch.randint(0, 9, (1,))), int(torch.randint(0, 9, (1,)))]), number % 10


def loaders(auto):
    """What the loaders of get_nas_search_loaders give, one after another, after a supernet of RANDOM-NAS was made."""
    from xautodl.datasets.SearchDatasetWrap import SearchDataset

    original_parts(auto, "RANDOM-NAS", 0, SMALL)
    images, train, valid = Draws(40), list(range(0, 40, 2)), list(range(1, 40, 3))
    subset = torch.utils.data.sampler.SubsetRandomSampler
    paired = torch.utils.data.DataLoader(SearchDataset("cifar10", images, train, valid, check=False), batch_size=3, shuffle=True,
                                         num_workers=4)
    some = torch.utils.data.DataLoader(images, batch_size=3, sampler=subset(valid), num_workers=4)
    whole = torch.utils.data.DataLoader(images, batch_size=3, shuffle=True, num_workers=4)
    single = lambda loader: [batch[0].tolist() for batch in loader]  # noqa: E731
    return dict(train=train, valid=valid, paired=[[batch[0].tolist(), batch[2].tolist()] for batch in paired], some=single(some),
                whole=single(whole), again=single(some), next=str(torch.empty((), dtype=torch.int64).random_().item()))


def prepared(scripts, packages):
    """What is needed of a checkout of AutoDL-Projects."""
    sys.meta_path.append(Absent())
    sys.path[:0] = [str(path) for path in (scripts, *packages)]
    for patch in (mock.patch.object(torch.Tensor, "cuda", lambda self, *a, **k: self),
                  mock.patch.object(torch.cuda, "is_available", lambda: True)):
        patch.start()
    from xautodl.config_utils import dict2config, load_config
    from xautodl.models import get_cell_based_tiny_net
    from xautodl.procedures import get_optim_scheduler
    from xautodl.utils import get_model_infos

    names = ("DARTS-V1", "DARTS-V2", "GDAS", "SETN", "ENAS", "RANDOM-NAS")
    return argparse.Namespace(
        dict2config=dict2config, load_config=load_config, get_cell_based_tiny_net=get_cell_based_tiny_net,
        get_optim_scheduler=get_optim_scheduler, get_model_infos=get_model_infos, configs=scripts / "configs/nas-benchmark/algos",
        algorithms={name: script(scripts / "exps/NAS-Bench-201-algos", name) for name in names},
        generic=script(scripts / "exps/NATS-algos", "search-cell"))


def main():
    parser = argparse.ArgumentParser()
    for name in ("scripts", "reference", "nats"):
        parser.add_argument("--" + name, type=pathlib.Path, required=True)
    args = parser.parse_args()
    auto = prepared(args.scripts, [args.reference, args.nats])
    names = tuple(auto.algorithms)
    cases = [original(auto, name, track, SMALL) for name in names for track in (0, 1)]
    cases += [original(auto, name, 0, STANDARD) for name in names]
    newer = [generic(auto, name, *options, SMALL) for name in ("darts-v1", "darts-v2", "gdas", "setn", "random", "enas")
             for options in ((0, 0, None), (1, 1, 0.3))]
    document = ",\n".join('"%s":[\n%s\n]' % (key, ",\n".join(json.dumps(case, separators=(",", ":")) for case in value))
                          for key, value in (("original", cases), ("generic", newer)))
    OUT.parent.mkdir(exist_ok=True)
    compact = json.dumps(loaders(auto), separators=(",", ":"))
    OUT.write_text('{"torch":%s,\n%s,\n"loaders":%s}\n' % (json.dumps(torch.__version__), document, compact))


if __name__ == "__main__":
    main()
