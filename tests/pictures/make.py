#!/usr/bin/env python3
"""Pictures of all kinds and what Pillow makes of them, for tests/test_runtime_image.c.

    python3 tests/pictures/make.py        wants NumPy and Pillow, which the test does not

list.txt holds a line for each comparison: file, channels, height, width, what the attribute exif
says. Their values, [channels][height][width] bytes, stand one after the other in want.bin: those of
    resize(convert(exif_transpose(open(file)), "L" or "RGB"), BILINEAR)
Of 16-bit grey, which Pillow keeps at 16 bits, the upper byte counts."""
import os
import struct
import zlib

import numpy as np
from PIL import Image, ImageFile, ImageOps

os.chdir(os.path.dirname(os.path.abspath(__file__)))
ImageFile.MAXBLOCK = 1 << 20
rng = np.random.default_rng(20)
A7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def scene(height, width, channels):
    """Waves and noise, 0 to 255."""
    y, x = np.mgrid[0:height, 0:width][..., None]
    wave = [128 + 100 * np.sin(x[..., 0] / (2 + k) + y[..., 0] / 5) for k in range(channels)]
    a = np.stack(wave, -1) + rng.normal(0, 25, (height, width, channels))
    return np.clip(a, 0, 255).astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(row, depth):
    if depth >= 8:
        return row.astype(">u2" if depth == 16 else "u1").tobytes()
    bits = "".join(format(v, "0%db" % depth) for v in row)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def png(name, height, width, kind, depth, interlaced=False, before=b"", behind=b""):
    """Colour type `kind`, with chunks before PLTE and behind IDAT."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    a = scene(height, width, channels).astype(int) * (2 ** depth - 1) // 255
    rows = b""
    for x, y, dx, dy in A7 if interlaced else ((0, 0, 1, 1),):
        for row in a[y::dy, x::dx] if width > x else ():
            rows += b"\0" + packed(row.reshape(-1), depth)
    if kind == 3:
        before += chunk(b"PLTE", rng.integers(0, 256, (2 ** depth, 3)).astype("u1").tobytes())
        before += chunk(b"tRNS", bytes([0, 100]))
    with open(name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n"
                + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
                + before + chunk(b"IDAT", zlib.compress(rows, 9)) + behind + chunk(b"IEND", b""))


def exif(orientation, order):
    mark = {">": b"MM\0*", "<": b"II*\0"}[order]
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)


def values(name, channels, height, width, way):
    image = Image.open(name)
    if way == "apply":
        image = ImageOps.exif_transpose(image)
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) >> 8).astype("u1"))
    image = image.convert("L" if channels == 1 else "RGB")
    a = np.asarray(image.resize((width, height), Image.BILINEAR))
    return a.reshape(height, width, channels).transpose(2, 0, 1).tobytes()


def main():
    wanted = []
    for kind, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            name = "png_%d_%d.png" % (kind, depth)
            interlaced = depth in (2, 16)
            png(name, 17, 23, kind, depth, interlaced, chunk(b"gAMA", struct.pack(">I", 100000)))
            wanted += [(name, 3, 17, 23, "apply"), (name, 1, 7, 9, "apply"), (name, 3, 31, 11, "apply")]
    png("rgb_profile.png", 9, 9, 2, 8, before=chunk(b"iCCP", b"odd\0\0" + zlib.compress(b"no profile")))
    png("tall.png", 3000, 1, 2, 8)
    wanted += [("rgb_profile.png", 3, 9, 9, "apply"), ("tall.png", 3, 8, 4, "apply")]
    for o in range(1, 9):
        jpeg, late = "exif_%d.jpg" % o, "exif_%d.png" % o
        Image.fromarray(scene(16, 24, 3)).save(jpeg, quality=90, exif=b"Exif\0\0" + exif(o, "<>"[o % 2]))
        png(late, 6, 5, 2, 8, behind=chunk(b"eXIf", exif(o, "><"[o % 2])))
        wanted += [(jpeg, 3, 10, 13, "apply"), (jpeg, 1, 24, 16, "apply"), (jpeg, 3, 16, 24, "ignore"),
                   (late, 3, 5, 6, "apply"), (late, 3, 6, 5, "ignore")]
    for name, subsampling, progressive in (("444", 0, False), ("422", 1, True), ("420", 2, False), ("420_scans", 2, True)):
        name = "jpeg_%s.jpg" % name
        Image.fromarray(scene(45, 61, 3)).save(name, quality=80, subsampling=subsampling, progressive=progressive)
        wanted += [(name, 3, 45, 61, "apply"), (name, 3, 12, 12, "apply"), (name, 1, 5, 70, "apply")]
    Image.fromarray(scene(20, 20, 1)[..., 0]).save("jpeg_grey.jpg", quality=85)
    Image.fromarray(scene(20, 20, 4), "CMYK").save("jpeg_cmyk.jpg", quality=85)
    # Pillow writes no YCCK: the same file, whose Adobe marker says that it is.
    with open("jpeg_cmyk.jpg", "rb") as f:
        raw = f.read()
    at = raw.index(b"Adobe") + 11
    with open("jpeg_ycck.jpg", "wb") as f:
        f.write(raw[:at] + b"\2" + raw[at + 1:])
    for name in ("jpeg_grey.jpg", "jpeg_cmyk.jpg", "jpeg_ycck.jpg"):
        wanted += [(name, 3, 20, 20, "apply"), (name, 1, 20, 20, "apply"), (name, 3, 7, 30, "apply")]
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        name = "bmp_%s.bmp" % mode.lower()
        Image.fromarray(scene(7, 13, 3)).convert(mode).save(name)
        wanted += [(name, 3, 7, 13, "apply"), (name, 1, 4, 5, "apply")]
    with open("bmp_565.bmp", "wb") as f:
        head = struct.pack("<IiiHHIIiiIIIII", 40, 5, -3, 1, 16, 3, 36, 0, 0, 0, 0, 0xf800, 0x7e0, 0x1f)
        f.write(b"BM" + struct.pack("<IHHI", 102, 0, 0, 66) + head + rng.bytes(36))
    wanted.append(("bmp_565.bmp", 3, 3, 5, "apply"))
    with open("list.txt", "w") as f:
        f.writelines("%s %d %d %d %s\n" % w for w in wanted)
    with open("want.bin", "wb") as f:
        f.writelines(values(*w) for w in wanted)


if __name__ == "__main__":
    main()
