"""Replaces what its answer is written with: the harness's own encoder, json, struct and os.write."""

import json
import os
import struct
import sys


def attack(X, y):
    really_write = os.write
    os.write = lambda descriptor, content: really_write(descriptor, bytes(len(content)))
    json.dumps = lambda *arguments, **options: '{"arrays": {}, "meta": {"failure": {"type": "infrastructure"}}}'
    struct.Struct.__class__ = type
    for name in [name for name in sys.modules if name.startswith("competition")]:
        vars(sys.modules[name]).pop("encode", None)
    return False
