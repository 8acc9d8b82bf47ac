"""Passes labels on in the memory of its process: builtins, modules, the environment, a cache of the library."""

import builtins
import linecache
import os
import sys
import types


def send(bits):
    builtins.message = bits
    sys.modules["message"] = types.SimpleNamespace(bits=bits)
    os.environ["MESSAGE"] = bits
    linecache.cache["message"] = (len(bits), None, [bits], "message")


def receive():
    in_modules = getattr(sys.modules.get("message"), "bits", "")
    in_cache = "".join(linecache.getlines("message"))
    return getattr(builtins, "message", "") or in_modules or os.environ.get("MESSAGE", "") or in_cache
