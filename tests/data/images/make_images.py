#!/usr/bin/env python3
# Makes the small pictures beside it, which the reader tests compare with the formulas below.
# Needs Pillow; run once, the pictures are committed.
import pathlib
import struct
import zlib

from PIL import Image

HEIGHT, WIDTH = 10, 12
FOLDER = pathlib.Path(__file__).resolve().parent


def value(y, x, c):
    return 20 + 12 * y + 6 * x + 20 * c


def picture(mode, pixel):
    image = Image.new(mode, (WIDTH, HEIGHT))
    image.putdata([pixel(y, x) for y in range(HEIGHT) for x in range(WIDTH)])
    return image


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def interlaced_png(channels, colour_type, pixel):
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    data = b""
    for top, left, down, right in passes:
        for y in range(top, HEIGHT, down):
            row = bytes(b for x in range(left, WIDTH, right) for b in pixel(y, x)[:channels])
            data += b"\0" + row if row else b""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, colour_type, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def main():
    grey = picture("L", lambda y, x: value(y, x, 0))
    rgb = picture("RGB", lambda y, x: tuple(value(y, x, c) for c in range(3)))
    grey.save(FOLDER / "grey.png")
    rgb.save(FOLDER / "rgb.png")
    picture("LA", lambda y, x: (value(y, x, 0), 255 - value(y, x, 0))).save(FOLDER / "grey_alpha.png")
    picture("I;16", lambda y, x: value(y, x, 0) * 257).save(FOLDER / "grey16.png")
    picture("1", lambda y, x: 255 * ((x + y) & 1)).save(FOLDER / "bilevel.png")
    palette = picture("P", lambda y, x: (y + x) % 16)
    palette.putpalette([b for i in range(16) for b in (16 * i, 255 - 16 * i, i)])
    palette.save(FOLDER / "palette.png")
    palette.save(FOLDER / "palette_transparent.png", transparency=3)
    rgba = lambda y, x: [value(y, x, c) for c in range(3)] + [255 - value(y, x, 0)]
    (FOLDER / "interlaced_rgba.png").write_bytes(interlaced_png(4, 6, rgba))

    grey.save(FOLDER / "grey.jpg", quality=98)
    rgb.save(FOLDER / "rgb.jpg", quality=98, subsampling=0)
    rgb.save(FOLDER / "progressive.jpg", quality=98, subsampling=0, progressive=True)
    rgb.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=98)


if __name__ == "__main__":
    main()
