"""Manages a meter with gurux-dlms, a DLMS client that this project did not write: clock, image transfer, activation schedule.

usage: dlms-gurux-manage.py HOST PORT SECRET IMAGE [NOTE]
IMAGE is a file; with NOTE, the logical name of a writable Data object, long values are written too. Prints one JSON object; exits with 1 on any failure.
"""

import datetime
import json
import sys
import time

from gurux_dlms import GXDateTime, GXWriteItem
from gurux_dlms.enums import DataType
from gurux_dlms.objects import (
    GXDLMSActionSchedule,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSImageTransfer,
    GXDLMSPushSetup,
    GXDLMSScriptTable,
)
from gurux_session import MeterError, Session, moment, text

MANAGEMENT_CLIENT = 1
TEMPORARY_FAILURE = 2
MOST_TRIES = 200
UTC = datetime.timezone.utc


def set_clock(session):
    """Sets the clock a day ahead, moves it by its methods, and gives what the meter answers."""
    clock = GXDLMSClock("0.0.1.0.0.255")
    session.read(clock, 2)
    before = clock.time.value.astimezone(UTC)
    wanted = (before + datetime.timedelta(days=1)).replace(second=20, microsecond=0)
    clock.time = GXDateTime(wanted)
    session.request(session.client.write(clock, 2))
    session.read(clock, 2)
    result = {"wanted": wanted.strftime("%Y-%m-%dT%H:%M:%SZ"), "set": moment(clock.time)}
    session.request(clock.adjustToMinute(session.client))
    session.read(clock, 2)
    result["minute"] = moment(clock.time)
    session.request(clock.shiftTime(session.client, 30))
    session.read(clock, 2)
    result["shifted"] = moment(clock.time)
    result["preset"] = session.refused(clock.adjustToPresetTime(session.client))
    now = clock.time.value.astimezone(UTC)
    preset, begin, end = (GXDateTime(now + datetime.timedelta(minutes=minutes)) for minutes in (10, -5, 5))
    session.request(clock.presetAdjustingTime(session.client, preset, begin, end))
    session.request(clock.adjustToPresetTime(session.client))
    session.read(clock, 2)
    result["presetTime"] = moment(clock.time)
    result["presetAgain"] = session.refused(clock.adjustToPresetTime(session.client))
    session.request(clock.shiftTime(session.client, -600))
    return result


def status(session, image):
    for attribute in (3, 4, 6):
        session.read(image, attribute)
    return [str(image.imageTransferredBlocksStatus), image.imageFirstNotTransferredBlockNumber, int(image.imageTransferStatus)]


def begin(session, image, name, data):
    for attribute in (2, 5):
        session.read(image, attribute)
    if not image.imageTransferEnabled:
        image.imageTransferEnabled = True
        session.request(session.client.write(image, 5))
    session.request(image.imageTransferInitiate(session.client, name, len(data)))


def finish(session, image):
    """Verifies and activates; the results are what the meter answers to each."""
    verified = []
    for _ in range(MOST_TRIES):
        verified.append(session.refused(image.imageVerify(session.client)))
        if verified[-1] != TEMPORARY_FAILURE:
            break
        time.sleep(0.05)
    session.read(image, 7)
    ready = [[item.size, text(item.identification), bytes(item.signature).hex()] for item in image.imageActivateInfo]
    return {"verified": [verified[0], verified[-1]], "ready": ready}


def transfer(host, port, secret, data):
    """Transfers half of the blocks, loses the connection, comes back, and transfers what the meter says is missing."""
    session = Session(host, port, MANAGEMENT_CLIENT, secret).open()
    image = GXDLMSImageTransfer("0.0.44.0.0.255")
    begin(session, image, "FERRARIS", data)
    result = {"blockSize": image.imageBlockSize}
    blocks = image.imageBlockTransfer(session.client, data, None)
    for number in range(0, len(blocks), 2):
        session.request(image.imageBlockTransfer(session.client, data, None)[number])
    result["tooEarly"] = session.refused(image.imageVerify(session.client))
    session.drop()

    session = Session(host, port, MANAGEMENT_CLIENT, secret).open()
    image.imageTransferredBlocksStatus = ""
    bits, first, _ = result["interrupted"] = status(session, image)
    missing = [number for number, bit in enumerate(bits) if bit == "0"]
    result["missing"] = len(missing)
    if missing[0] != first:
        raise RuntimeError("first missing block %d, but %d" % (missing[0], first))
    for number in missing:
        session.request(image.imageBlockTransfer(session.client, data, None)[number])
    result["complete"] = status(session, image)
    result.update(finish(session, image))
    result["schedule"] = schedule(session)
    script = GXDLMSScriptTable("0.0.10.0.107.255")
    session.read(script, 2)
    result["scripts"] = [[item.id, [[int(a.type_), int(a.target.objectType), a.target.logicalName, a.index] for a in item.actions]] for item in script.scripts]
    result["activated"] = session.refused(script.execute(session.client, 1))
    result["status"] = status(session, image)[2]
    session.drop()
    return result


def schedule(session):
    """Sets a time of activation and cancels it again."""
    plan = GXDLMSActionSchedule("0.0.15.0.2.255")
    for attribute in (2, 3, 4):
        session.read(plan, attribute)
    result = {"script": [plan.target.logicalName, plan.executedScriptSelector], "before": len(plan.executionTime)}
    clock = GXDLMSClock("0.0.1.0.0.255")
    session.read(clock, 2)
    local = clock.time.value.replace(tzinfo=None, second=0, microsecond=0) + datetime.timedelta(days=7)
    plan.executionTime = [GXDateTime(local)]
    session.request(session.client.write(plan, 4))
    plan.executionTime = []
    session.read(plan, 4)
    result["same"] = [t.value.replace(tzinfo=None) for t in plan.executionTime] == [local]
    plan.executionTime = [GXDateTime(local - datetime.timedelta(days=365))]
    result["past"] = session.refused(session.client.write(plan, 4))
    plan.executionTime = []
    session.request(session.client.write(plan, 4))
    session.read(plan, 4)
    result["after"] = len(plan.executionTime or [])
    return result


def write_note(host, port, secret, name):
    """A value longer than the PDU, and two in a list."""
    session = Session(host, port, MANAGEMENT_CLIENT, secret).open()
    note = GXDLMSData(name)
    note.setDataType(2, DataType.OCTET_STRING)
    long = bytes(range(256)) * 12
    note.value = long
    session.request(session.client.write(note, 2))
    session.read(note, 2)
    result = {"long": bytes(note.value) == long}
    note.value = b"short"
    item = GXWriteItem()
    item.target, item.index = note, 2
    # The library asks for this method and does not have it.
    item.getDataType = lambda: DataType.OCTET_STRING
    session.request(session.client.writeList([item]))
    session.read(note, 2)
    result["list"] = text(note.value)
    note.value = 5
    note.setDataType(2, DataType.UINT16)
    result["wrongType"] = session.refused(session.client.write(note, 2))
    session.close()
    return result


def push_setup(session):
    push = GXDLMSPushSetup("0.4.25.9.0.255")
    push.version = 0
    for attribute in (2, 3, 4, 5, 6, 7):
        session.read(push, attribute)
    objects = [[int(target.objectType), target.logicalName, value.attributeIndex] for target, value in push.pushObjectList]
    return {"objects": objects, "service": int(push.service), "destination": text(push.destination), "message": int(push.message)}


def main():
    host, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with open(sys.argv[4], "rb") as file:
        data = file.read()
    session = Session(host, port, MANAGEMENT_CLIENT, secret).open()
    result = {"client": "gurux-dlms", "clock": set_clock(session)}
    try:
        result["push"] = push_setup(session)
    except MeterError as error:
        result["push"] = error.result
    session.close()
    if len(sys.argv) > 5:
        result["note"] = write_note(host, port, secret, sys.argv[5])
    result["image"] = transfer(host, port, secret, data)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
