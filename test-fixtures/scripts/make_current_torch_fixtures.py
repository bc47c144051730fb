#!/usr/bin/env python3
"""Write the tensors of make_value_fixtures.py with a current torch and NumPy, and what these read from them.

Needs a torch of today (pip install torch numpy). Its names carry the version, so that a later one adds files beside
these.
"""
import io

import torch

import make_value_fixtures as values
from writing import legacy, repeatable, write


def saved(value, **options):
    out = io.BytesIO()
    torch.save(value, out, **options)
    return out.getvalue()


def torch_file(name, data):
    write(values.VALUES / name, data)
    values.answer(name, [torch.load(str(values.VALUES / name), map_location="cpu", weights_only=False)])


def main():
    version = "torch" + ".".join(torch.__version__.split(".")[:2])
    tensors = values.tensors()
    # Unsigned integers wider than a byte have no storage class of their own: torch writes their dtype beside the tensor.
    tensors["unsigned"] = [torch.tensor([1, 65535], dtype=torch.uint16), torch.tensor([2**32 - 1], dtype=torch.uint32),
                           torch.tensor([2**63], dtype=torch.uint64)]
    torch_file("tensors-%s-zip.pth" % version, saved(tensors))
    del tensors["unsigned"]                  # the legacy container cannot hold them
    torch_file("tensors-%s-legacy.pth" % version, legacy(tensors))
    values.pickled("numpy-%s.pkl" % values.np.__version__, values.dumps(values.arrays(), 4))


if __name__ == "__main__":
    repeatable()
    main()
