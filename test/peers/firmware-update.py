"""Replaces the firmware of a meter with gurux-dlms, a DLMS client that this project did not write.

usage: firmware-update.py HOST PORT SECRET IMAGE begin COUNT    first blocks of the image
       firmware-update.py HOST PORT SECRET IMAGE finish         what is missing, verification, activation
       firmware-update.py HOST PORT SECRET IMAGE state          version of the firmware and state of the transfer
Prints one JSON object; exits with 1 on any failure.
"""

import json
import sys
import time

from gurux_dlms.objects import GXDLMSData, GXDLMSImageTransfer
from gurux_session import Session, text

MANAGEMENT_CLIENT = 1
TEMPORARY_FAILURE = 2
MOST_TRIES = 200


def begin(session, image, data, count):
    image.imageTransferEnabled = True
    session.request(session.client.write(image, 5))
    session.request(image.imageTransferInitiate(session.client, "FERRARIS", len(data)))
    frames = image.imageBlockTransfer(session.client, data, None)
    for frame in frames[:count]:
        session.request(frame)
    return {"blocks": len(frames), "blockSize": image.imageBlockSize}


def finish(session, image, data):
    for attribute in (3, 4, 6):
        session.read(image, attribute)
    bits = str(image.imageTransferredBlocksStatus)
    first = image.imageFirstNotTransferredBlockNumber
    frames = image.imageBlockTransfer(session.client, data, None)
    for number, frame in enumerate(frames):
        if bits[number] == "0":
            session.request(frame)
    verified = TEMPORARY_FAILURE
    for _ in range(MOST_TRIES):
        verified = session.refused(image.imageVerify(session.client))
        if verified != TEMPORARY_FAILURE:
            break
        time.sleep(0.1)
    session.read(image, 7)
    ready = [text(item.identification) for item in image.imageActivateInfo or []]
    activated = session.refused(image.imageActivate(session.client)) if verified == 0 else None
    return {"first": first, "missing": bits.count("0"), "verified": verified, "ready": ready, "activated": activated}


def state(session, image):
    version = GXDLMSData("1.0.0.2.0.255")
    session.read(version, 2)
    session.read(image, 6)
    return {"version": text(version.value), "status": int(image.imageTransferStatus)}


def main(host, port, secret, path, action, count="0"):
    with open(path, "rb") as file:
        data = file.read()
    session = Session(host, int(port), MANAGEMENT_CLIENT, secret).open()
    image = GXDLMSImageTransfer("0.0.44.0.0.255")
    session.read(image, 2)
    if action == "begin":
        result = begin(session, image, data, int(count))
    elif action == "finish":
        result = finish(session, image, data)
    else:
        result = state(session, image)
    session.drop()
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
