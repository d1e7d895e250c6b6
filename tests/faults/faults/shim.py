"""A disk and a clock that misbehave when they are told to: shim.c in front of one server."""

import mmap
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")
ORDERS = {"write_errno": (0, "i"), "sync_errno": (4, "i"), "writes_until_torn": (8, "i"),
          "failed": (12, "i"), "clock_offset": (16, "q")}


def compile_shim(folder: Path) -> Path:
    library = folder / "shim.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


class Shim:
    """The orders are attributes: shim.clock_offset = 3600."""

    def __init__(self, library: Path, folder: Path):
        path = folder / "orders"
        path.write_bytes(bytes(mmap.PAGESIZE))
        with open(path, "r+b") as file:
            page = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        object.__setattr__(self, "page", page)
        object.__setattr__(self, "environment",
                           {"LD_PRELOAD": str(library), "FAULTS_ORDERS": str(path)})

    def __getattr__(self, name):
        at, kind = ORDERS[name]
        return struct.unpack_from(kind, self.page, at)[0]

    def __setattr__(self, name, value):
        at, kind = ORDERS[name]
        struct.pack_into(kind, self.page, at, value)

    def clear(self):
        for name in ORDERS:
            setattr(self, name, 0)
