#!/usr/bin/env python3
"""seeds.py: writes the binary seeds of tests/fuzz/corpus that are made by rule. Those of jpeg/ are
made by cjpeg (libjpeg-turbo-progs) from a picture of pnm/, and the texts were typed."""
import gzip, io, os, struct, zipfile, zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")


def seed(target, name, data):
    os.makedirs(os.path.join(HERE, target), exist_ok=True)
    with open(os.path.join(HERE, target, name), "wb") as f:
        f.write(data)


def npy(kind, shape, data, order="False", version=1):
    text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (kind, order, shape)
    text = text.ljust(53) + "\n"
    size = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + data


def npz(method, members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name + ".npy"), data, method)
    return out.getvalue()


def idx(shape, data):
    return bytes([0, 0, 8, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + data


def png(width, height, depth, colour, rows, extra=b"", interlaced=0):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    raw = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(raw)) +
            chunk(b"IEND", b""))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


rows = struct.pack("<8f", *[1, 2, 3, 4, 5, 6, 7, 8])
classes = struct.pack("<4q", 0, 1, 2, 1)
seed("npy", "rows", npy("<f4", "(4, 2)", rows))
seed("npy", "bytes", npy("|u1", "(2, 4, 4)", bytes(range(32))))
seed("npy", "classes", npy("<i8", "(4,)", classes))
seed("npy", "doubles", npy(">f8", "(4, 2)", bytes(64), "True", 2))
pair = [("x", npy("<f4", "(4, 2)", rows)), ("y", npy("<i8", "(4,)", classes))]
seed("npz", "stored", npz(zipfile.ZIP_STORED, pair))
seed("npz", "deflated", npz(zipfile.ZIP_DEFLATED, pair))
seed("npz", "behind", npz(zipfile.ZIP_STORED, [("n" * 90, b""), ("m" * 140, b"")] + pair[:1]))
images = idx([3, 4, 4], bytes(range(48)))
seed("idx", "images", images)
seed("idx", "images.gz", gzip.compress(images, mtime=0))
seed("idx", "labels", idx([4], bytes([0, 1, 2, 1])))
seed("idx", "labels.gz", gzip.compress(idx([4], bytes([0, 1, 2, 1])), mtime=0))
seed("cifar", "three", bytes([0, 9, 5, 0]))
seed("cifar", "odd", bytes([99, 1]))
grey = [bytes((x * 40 + y) % 256 for x in range(6)) for y in range(6)]
seed("png", "grey", png(6, 6, 8, 0, grey))
seed("png", "colour", png(6, 6, 8, 2, [bytes(range(18))] * 6))
seed("png", "alpha", png(6, 6, 8, 6, [bytes(range(24))] * 6, chunk(b"gAMA", struct.pack(">I", 45455))))
seed("png", "deep", png(6, 6, 16, 0, [bytes(range(12))] * 6))
seed("png", "palette", png(6, 6, 4, 3, [b"\x01\x23\x10"] * 6, chunk(b"PLTE", bytes(range(12))) +
                           chunk(b"tRNS", b"\0\x80")))
seed("png", "interlaced", png(1, 1, 8, 0, [b"\x7f"], b"", 1))
seed("pnm", "grey", b"P5 # a comment\n6 6 255\n" + b"".join(grey))
seed("pnm", "colour", b"P6\n2 3\n255\n" + bytes(range(18)))
seed("pnm", "deep", b"P5\n2 2\n65535\n" + bytes(range(8)))
seed("pnm", "text", b"P2\n2 2\n15\n1 2\n3 4\n")
header = (b'{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},'
          b'"b\\u00e9":{"dtype":"F16","shape":[],"data_offsets":[8,10]}}')
seed("safetensors", "two", struct.pack("<Q", len(header)) + header + bytes(10))
header = (b'{"dense1.weight":{"dtype":"F32","shape":[3,16],"data_offsets":[0,192]},'
          b'"dense1.bias":{"dtype":"F32","shape":[3],"data_offsets":[192,204]}}')
seed("safetensors", "toy", struct.pack("<Q", len(header)) + header + bytes(204))
