"""Makes what the transfer tests send: logo.png, big.bin (100 MB), small/ (2,500 files whose names
and contents differ, some with characters that must be escaped)."""
import os
import random

chance = random.Random(7)
with open("logo.png", "wb") as out:
    out.write(b"\x89PNG\r\n\x1a\n" + chance.randbytes(4096))
with open("big.bin", "wb") as out:
    for _ in range(100):
        out.write(chance.randbytes(1_000_000))
for i in range(2500):
    folder = f"small/{i % 10}"
    os.makedirs(folder, exist_ok=True)
    name = f"{i:04}.txt" if i % 100 else f"{i:04} a+b ü=&.txt"
    with open(f"{folder}/{name}", "wb") as out:
        out.write(chance.randbytes(chance.randrange(0, 2000)))
