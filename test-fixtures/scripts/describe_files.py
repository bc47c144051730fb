#!/usr/bin/env python3
"""Print what torch.load (of torch files) or pickle (of others) reads from files: one line of tagged JSON a file.

describe_files.py [--weights-only] FILE...     with any torch and NumPy: the tests write files and ask what Python sees
"""
import argparse
import json
import pickle

import torch

from make_value_fixtures import Describer


def read(path, weights_only):
    with open(path, "rb") as stream:
        torch_file = path.endswith((".pth", ".pt"))
        return torch.load(stream, map_location="cpu", weights_only=weights_only) if torch_file else pickle.load(stream)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights-only", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    for path in options.files:
        print(json.dumps(Describer()(read(path, options.weights_only)), allow_nan=False))


if __name__ == "__main__":
    main()
