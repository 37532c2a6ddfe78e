#!/usr/bin/env python3
"""Writes snappy_vectors.txt: texts and their raw snappy form as another implementation makes it (pip install cramjam).

One a line, in hexadecimal: TEXT SNAPPY, where BYTE*COUNT stands for a text of one byte.
"""
import random
import sys

import cramjam

random.seed(20)
words = [b"order", b"amount", b"2013-01-01", b"EWR", b"JFK", b"null", b",", b"\x00\x00\x00", b"carrier"]
texts = [b"", b"a", b"ab" * 3, b"a" * 59, b"a" * 60, b"a" * 61, b"a" * 257, b"a" * 70000,
         bytes(random.randbytes(100)), bytes(random.randbytes(70)) * 3, b"abcdefgh" * 40 + b"x",
         b"".join(random.choice(words) for _ in range(600)),
         bytes(range(256)) * 2 + bytes(range(255, -1, -1)),
         b"0123456789abcdef" * 5 + bytes(3000) + b"0123456789abcdef" * 5]
with open(sys.argv[1], "w", encoding="ascii") as out:
    for text in texts:
        packed = bytes(cramjam.snappy.compress_raw(text))
        short = len(text) > 200 and text == text[:1] * len(text)
        out.write((f"{text[0]:02x}*{len(text)}" if short else text.hex() or "-") + f" {packed.hex()}\n")
