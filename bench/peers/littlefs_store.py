"""The writes of a meter on littlefs, with every operation of its block device counted.

    littlefs_store.py OPTIONS < trace

OPTIONS is the JSON object of bench/storage-peer.ts: the sizes of littlefs' buffers, how often the trace of one day is repeated, and the times of
the flash chip. The trace comes from there too: records of operation (1 byte), length (2, little-endian) and payload. The answer is one line of JSON.

How a meter would use a file system: the register image is a file that is written anew at every save; load profile and events are files that grow
until they hold one block of records, and the oldest one is removed; each setting is a file; frame counters are reserved in batches in a file each.
Every write ends with `close`, which is when littlefs makes it durable.
"""

import json
import struct
import sys
from importlib.metadata import version

from littlefs import LFSConfig, UserContext, lfs

BLOCK = 4096
BLOCKS = 512
UNIT = 16
PAGE = 256

IMAGE, PROFILE, EVENT, SETTING, COUNTER = range(1, 6)
# Files of 84 records of 48 bytes are one block; a year of them, as far back as the ring of the meter's own storage reaches.
PROFILE_RECORDS = 84
PROFILE_FILES = 365 * 96 // PROFILE_RECORDS
EVENT_RECORDS = 127
EVENT_FILES = 15
FLICKERS = 50


class Device(UserContext):
    """NOR flash in memory that counts."""

    def __init__(self):
        super().__init__(BLOCK * BLOCKS)
        self.wear = [0] * BLOCKS
        self.clear()

    def clear(self):
        self.programs = self.pages = self.programmed = self.erases = self.reads = self.read_bytes = 0

    def read(self, cfg, block, off, size):
        self.reads += 1
        self.read_bytes += size
        start = block * BLOCK + off
        return self.buffer[start : start + size]

    def prog(self, cfg, block, off, data):
        size = len(data)
        assert off % UNIT == 0 and size % UNIT == 0
        start = block * BLOCK + off
        assert self.buffer.count(0xFF, start, start + size) == size, "program over cells that are not erased"
        self.programs += 1
        self.pages += (off + size - 1) // PAGE - off // PAGE + 1
        self.programmed += size
        self.buffer[start : start + size] = data
        return 0

    def erase(self, cfg, block):
        self.erases += 1
        self.wear[block] += 1
        self.buffer[block * BLOCK : (block + 1) * BLOCK] = b"\xff" * BLOCK
        return 0

    def counts(self):
        return (self.programs, self.pages, self.programmed, self.erases, self.reads, self.read_bytes)


class Ring:
    """Files of `records` records each, the oldest removed when there are more than `files`. 32 files to a directory, so that none gets long."""

    def __init__(self, store, name, records, files):
        self.store, self.name, self.records, self.files = store, name, records, files
        self.count = 0
        lfs.mkdir(store.fs, name)
        for part in range((files + 1) // 32 + 1):
            lfs.mkdir(store.fs, f"{name}/{part}")

    def path(self, number):
        slot = number % (self.files + 1)
        return f"{self.name}/{slot // 32}/{slot % 32}"

    def append(self, data):
        number, inside = divmod(self.count, self.records)
        if inside == 0 and number >= self.files:
            lfs.remove(self.store.fs, self.path(number - self.files))
        self.store.write(self.path(number), data, "a")
        self.count += 1

    def fill(self, record):
        """As it is after a year: every file but the newest is full."""
        while self.count < (self.files - 1) * self.records:
            self.store.write(self.path(self.count // self.records), record * self.records, "w")
            self.count += self.records


class Store:
    def __init__(self, device, options):
        self.cfg = LFSConfig(
            context=device,
            block_size=BLOCK,
            block_count=BLOCKS,
            read_size=UNIT,
            prog_size=UNIT,
            cache_size=options["cache"],
            lookahead_size=options["lookahead"],
            block_cycles=500,
        )
        self.fs = lfs.LFSFilesystem()
        lfs.format(self.fs, self.cfg)
        lfs.mount(self.fs, self.cfg)
        self.profile = Ring(self, "profile", PROFILE_RECORDS, PROFILE_FILES)
        self.events = Ring(self, "events", EVENT_RECORDS, EVENT_FILES)
        # What is written often has a directory of its own: littlefs can move a directory to fresh blocks when its own are worn, but not the root.
        for name in ("state", "settings"):
            lfs.mkdir(self.fs, name)
        self.frames, self.batch = 0, options["counterBatch"]

    def write(self, path, data, mode):
        flags = lfs.LFSFileFlag.wronly | lfs.LFSFileFlag.creat
        flags |= lfs.LFSFileFlag.append if mode == "a" else lfs.LFSFileFlag.trunc
        file = lfs.file_open(self.fs, path, flags)
        lfs.file_write(self.fs, file, data)
        lfs.file_close(self.fs, file)

    def restart(self):
        """As after a power failure: what was not on the device is gone."""
        self.fs = lfs.LFSFilesystem()
        lfs.mount(self.fs, self.cfg)

    def apply(self, operation, payload):
        if operation == IMAGE:
            self.write("state/image", payload, "w")
        elif operation == PROFILE:
            self.profile.append(payload)
        elif operation == EVENT:
            self.events.append(payload)
        elif operation == SETTING:
            self.write("settings/" + payload[1 : 1 + payload[0]].decode(), payload[1 + payload[0] :], "w")
        else:
            if self.frames % self.batch == 0:
                self.write("state/counter", struct.pack("<I", self.frames + self.batch), "w")
            self.frames += 1


def parse(trace):
    at = 0
    while at < len(trace):
        operation, length = struct.unpack_from("<BH", trace, at)
        yield operation, trace[at + 3 : at + 3 + length]
        at += 3 + length


def main():
    options = json.loads(sys.argv[1])
    program_ms, erase_ms, byte_ms = options["program_ms"], options["erase_ms"], options["byte_ms"]

    def busy_ms(counts):
        _, pages, programmed, erases, _, read_bytes = counts
        return pages * program_ms + erases * erase_ms + (programmed + read_bytes) * byte_ms

    operations = list(parse(sys.stdin.buffer.read()))
    device = Device()
    store = Store(device, options)
    store.profile.fill(bytes(48))
    store.events.fill(bytes(32))
    for operation, payload in operations:
        store.apply(operation, payload)
    device.clear()
    before_wear = list(device.wear)

    worst = {IMAGE: device.counts(), PROFILE: device.counts()}
    saves = erasing = 0
    for _ in range(options["days"]):
        for operation, payload in operations:
            before = device.counts()
            store.apply(operation, payload)
            if operation not in worst:
                continue
            delta = tuple(b - a for a, b in zip(before, device.counts()))
            worst[operation] = max(worst[operation], delta, key=busy_ms)
            saves += operation == IMAGE
            erasing += operation == IMAGE and delta[3] > 0
    totals = device.counts()
    wear = [after - before for after, before in zip(device.wear, before_wear)]

    device.clear()
    store.restart()
    mount = device.counts()
    # What a file system puts off until it needs a block: finding a free one means reading all that is in use.
    device.clear()
    store.apply(*next(item for item in operations if item[0] == PROFILE))
    first_entry = device.counts()
    image, event = (next(item for item in operations if item[0] == kind) for kind in (IMAGE, EVENT))
    device.clear()
    for _ in range(FLICKERS):
        for item in (image, event, None, event, event, image):
            store.restart() if item is None else store.apply(*item)
    names = ("programs", "pages", "programmed_bytes", "erases", "reads", "read_bytes")

    def named(counts):
        return dict(zip(names, counts))

    answer = {
        "version": version("littlefs-python"),
        "totals": named(totals),
        "wear": {"most": max(wear), "sum": sum(wear)},
        "worstSave": named(worst[IMAGE]),
        "worstEntry": named(worst[PROFILE]),
        "savesErasing": erasing / saves,
        "mount": named(mount),
        "firstEntry": named(first_entry),
        "storm": named(device.counts()),
    }
    print(json.dumps(answer))


main()
