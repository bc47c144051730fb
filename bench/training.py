"""training.py THREADS AUTODL: images a second of the reference's training step at batch 256; one JSON line."""
import json
import sys
import time
import types

import torch

threads, autodl = sys.argv[1:3]
sys.path.insert(0, autodl)
sys.modules["xautodl.datasets"] = types.ModuleType("xautodl.datasets")  # needs torchvision, and is not asked for
sys.modules["xautodl.datasets"].get_datasets = None
from xautodl.models import get_cell_based_tiny_net  # noqa: E402
from xautodl.procedures.funcs_nasbench import obtain_accuracy  # noqa: E402
from xautodl.procedures.optimizers import get_optim_scheduler  # noqa: E402

torch.set_num_threads(int(threads))
BATCH, STEPS = 256, 3
CELLS = {14852: "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|skip_connect~2|",
         284: "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|",
         1203: "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|"}
CONFIG = types.SimpleNamespace(scheduler="cos", eta_min=0.0, epochs=12, warmup=0, optim="SGD", LR=0.1, decay=0.0005,
                               momentum=0.9, nesterov=True, criterion="Softmax", batch_size=BATCH)
x = torch.tensor([i * 7919 % 251 / 64 - 2 for i in range(BATCH * 3072)]).view(BATCH, 3, 32, 32)
y = torch.tensor([i % 10 for i in range(BATCH)])
speeds = {}


def steps(arch, images):
    torch.manual_seed(777)
    network = get_cell_based_tiny_net({"name": "infer.tiny", "C": 16, "N": 5, "arch_str": arch, "num_classes": 10}).train()
    optimizer, scheduler, criterion = get_optim_scheduler(network.parameters(), CONFIG)
    times = []
    for i in range(STEPS + 1):
        start = time.perf_counter()
        scheduler.update(None, i / 196)
        optimizer.zero_grad()
        logits = network(images)[1]
        loss = criterion(logits, y)
        loss.backward()
        optimizer.step()
        acc1, acc5 = obtain_accuracy(logits.data, y, topk=(1, 5))
        loss.item(), acc1.item(), acc5.item()
        times.append(time.perf_counter() - start)
    return BATCH / min(times[1:])


for index, arch in CELLS.items():
    speeds["#%d" % index] = steps(arch, x)
    speeds["#%d, channels last" % index] = steps(arch, x.contiguous(memory_format=torch.channels_last))
print(json.dumps({"speeds": speeds}))
