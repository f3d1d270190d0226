"""Decodes LoRaWAN payloads with libraries that this project did not write.

usage: lorawan-payload.py cbor HEX... | dlms HEX
Prints one JSON value: the CBOR maps as lists of pairs, or the body of the data-notification as two DLMS clients read it.
"""

import json
import sys

import cbor2
from dlms_cosem import utils
from dlms_cosem.protocol.xdlms.data_notification import DataNotification
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType

WRAPPER_LENGTH = 8


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def by_gurux(frame):
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    reply, notify = GXReplyData(), GXReplyData()
    client.getData(GXByteBuffer(frame), reply, notify)
    return plain(notify.value)


def main():
    kind, *words = sys.argv[1:]
    if kind == "cbor":
        print(json.dumps([[[key, plain(value)] for key, value in cbor2.loads(bytes.fromhex(word)).items()] for word in words]))
        return
    frame = bytes.fromhex(words[0])
    body = DataNotification.from_bytes(frame[WRAPPER_LENGTH:]).body
    print(json.dumps({"gurux": by_gurux(frame), "dlmsCosem": plain(utils.parse_as_dlms_data(body))}))


if __name__ == "__main__":
    main()
