"""tensor_file.py: reads and writes safetensors files: the length of a header, the header
(JSON: dtype, shape and place of each tensor), then the numbers."""
import json
import struct

import torch

TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64}


def save(path, tensors):
    header, data = {}, b""
    for name in sorted(tensors):
        t = tensors[name]
        kind = next(k for k, dtype in TYPES.items() if dtype == t.dtype)
        raw = t.contiguous().numpy().astype(t.numpy().dtype.newbyteorder("<")).tobytes()
        header[name] = {"dtype": kind, "shape": list(t.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def load(path):
    raw = bytearray(path.read_bytes())
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8:8 + length])
    header.pop("__metadata__", None)
    return {name: torch.frombuffer(raw[8 + length + e["data_offsets"][0]:
                                       8 + length + e["data_offsets"][1]],
                                   dtype=TYPES[e["dtype"]]).reshape(e["shape"])
            for name, e in header.items()}
