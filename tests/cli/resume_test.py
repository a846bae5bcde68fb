#!/usr/bin/env python3
# A training run that is killed again and again, at its start, in the middle of epochs and while it
# writes, ends with the files of a run that nobody disturbed, bit for bit. Workers may change on the
# way; computing threads may not, for oneDNN's sums depend on them. Longer than in the suite:
#   resume_test.py [STEPS [THREADS [MODEL]]]
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

TOOL = pathlib.Path(os.environ["PHAROS_BUILD_DIR"]) / "bin" / "pharos"
FILES = {"best.pt", "checkpoint.pt", "metrics.json", "report.html"}
CLASSES, SIDE, BATCH = 4, 16, 10
TIMES = {"train_seconds", "images_per_second"}
LIMIT = 300  # seconds for any one process

STEPS, THREADS, MODEL = (sys.argv[1:] + ["40", "1", "resnet8"][len(sys.argv) - 1:])[:3]
PICTURES = BATCH * int(STEPS) // 2
rng = random.Random(11)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def write_png(path, rows):
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))


def write_pictures(folder, count):
    """Noise, a brighter band on it telling the class."""
    band = SIDE // CLASSES
    for i in range(count):
        label = i % CLASSES
        rows = [[rng.randrange(120) + (90 if y // band == label else 0) for _ in range(SIDE)] for y in range(SIDE)]
        place = folder / f"class{label}"
        place.mkdir(parents=True, exist_ok=True)
        write_png(place / f"{i:05}.png", rows)


def start(data, out, *more, workers=2):
    command = [TOOL, "train", "--data", data, "--out", out, "--model", MODEL, "--epochs", "2", "--batch-size",
               str(BATCH), "--threads", THREADS, "--workers", str(workers), "--checkpoint-every", "1", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def stamp(path):
    try:
        status = path.stat()
        return status.st_ino, status.st_mtime_ns
    except FileNotFoundError:
        return None


def kill_after(process, checkpoint, writes, seconds):
    """Kills `process` some time after it has replaced the checkpoint so many times."""
    seen, deadline = stamp(checkpoint), time.monotonic() + LIMIT
    while writes > 0 and process.poll() is None:
        assert time.monotonic() < deadline, "no checkpoint comes"
        now = stamp(checkpoint)
        if now != seen:
            seen, writes = now, writes - 1
        time.sleep(0.0005)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.communicate(timeout=LIMIT)[0]


def disturbed(data, out):
    """Runs until one run comes to its end; says how many were killed and where others went on."""
    kills, resumed = 0, []
    while True:
        process = start(data, out, "--resume", workers=rng.randrange(4))
        # At any time during the start, or after a few more steps.
        writes = rng.choice([0, 1, 2, 3, 5])
        text = kill_after(process, out / "checkpoint.pt", writes, rng.random() * (0.01 if writes else 0.1))
        for epochs, done in re.findall(r"going on from \S+ after (\d+) epochs and (\d+) of", text):
            resumed.append((int(epochs), int(done)))
        if process.returncode == 0:
            return kills, resumed
        assert process.returncode == -signal.SIGKILL, text
        kills += 1


def records(path):
    """The bytes of all tensors in a checkpoint: weights, moments, generator."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist() if "/data/" in name}


def metrics(out):
    values = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert all(values.pop(name) > 0 for name in TIMES)
    return values


with tempfile.TemporaryDirectory() as scratch:
    folder = pathlib.Path(scratch)
    data, whole, killed = folder / "data", folder / "whole", folder / "killed"
    write_pictures(data / "train", PICTURES - 1)
    write_pictures(data / "test", 40)
    damaged = [data / part / "class1" / "damaged.png" for part in ("train", "test")]
    for path in damaged:
        path.write_bytes(b"\x89PNG\r\n\x1a\n")

    process = start(data, whole)
    text = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 0, text
    kills, resumed = disturbed(data, killed)
    assert kills >= 5 and sum(0 < done < PICTURES - BATCH for _, done in resumed) >= 3, (kills, resumed)
    assert resumed == sorted(resumed), resumed

    expected = records(whole / "checkpoint.pt")
    assert len(expected) > 20
    found = records(killed / "checkpoint.pt")
    different = [name for name in expected if found.get(name) != expected[name]]
    assert found.keys() == expected.keys() and not different, (different, resumed)
    assert (killed / "best.pt").read_bytes() == (whole / "best.pt").read_bytes()
    assert metrics(killed) == metrics(whole)
    assert metrics(whole)["images_left_out"] == len(damaged)
    for out in (whole, killed):
        report = (out / "report.html").read_text(encoding="utf-8")
        assert all(report.count(f"left out: {path}") == 1 for path in damaged)
    # What writers leave when they are killed does not pile up.
    left = killed / "checkpoint.pt.tmp.1.0"
    left.write_bytes(b"half")
    again = start(data, killed, "--resume")
    text = again.communicate(timeout=LIMIT)[0]
    assert again.returncode == 0, text
    assert {path.name for path in killed.iterdir()} == FILES
    assert metrics(killed) == metrics(whole)

    other = start(data, killed, "--resume", "--seed", "5")
    text = other.communicate(timeout=LIMIT)[0]
    assert other.returncode == 2 and "it cannot be resumed with seed=5" in text, text
print(f"killed {kills} times, went on from {len(resumed)} checkpoints: ok")
