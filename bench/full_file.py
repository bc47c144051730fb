"""full_file.py OUT: a per-architecture file with weights as the published ones have them, some 14 MB, by torch.save.

The records' structure is that of test-fixtures; the networks' is the benchmark's (16 channels, 5 cells a stage, four
convolutions a cell), with random numbers for weights.
"""
import pathlib
import sys
from collections import OrderedDict

import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "test-fixtures" / "scripts"))
from make_benchmark_fixtures import CLASSES, Maker  # noqa: E402


def state_dict(classes):
    out = OrderedDict()

    def convolution(name, to, of, size):
        out[name + ".weight"] = torch.randn(to, of, size, size)

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            out["%s.%s" % (name, part)] = torch.randn(channels)
        out[name + ".num_batches_tracked"] = torch.tensor(78200)

    convolution("stem.0", 16, 3, 3)
    norm("stem.1", 16)
    for stage, channels in enumerate((16, 32, 64)):
        if stage:
            for part, of in (("conv_a", channels // 2), ("conv_b", channels)):
                convolution("cells.%d.%s.op.1" % (6 * stage - 1, part), channels, of, 3)
                norm("cells.%d.%s.op.2" % (6 * stage - 1, part), channels)
            convolution("cells.%d.downsample.1" % (6 * stage - 1), channels, channels // 2, 1)
        for cell in range(6 * stage, 6 * stage + 5):
            for edge in ("1<-0", "2<-0", "2<-1", "3<-2"):
                convolution("cells.%d.edges.%s.0.op.1" % (cell, edge), channels, channels, 1)
                norm("cells.%d.edges.%s.0.op.2" % (cell, edge), channels)
    norm("lastact.0", 64)
    out["classifier.weight"], out["classifier.bias"] = torch.randn(classes, 64), torch.randn(classes)
    return out


torch.manual_seed(0)
record = Maker("bench").record(0, 3)
for state in record.values():
    state["clear_net_done"] = False
    for (dataset, _), trial in state["all_results"].items():
        trial["net_state_dict"] = state_dict(CLASSES[dataset])
torch.save(record, sys.argv[1], _use_new_zipfile_serialization=False)
