"""Decodes a data-notification in its wrapper with two DLMS clients that this project did not write.

usage: dlms-push.py HEX
Prints one JSON object; exits with 1 on any failure.
"""

import datetime
import json
import sys

from dlms_cosem import utils
from dlms_cosem.protocol.wrappers import WrapperHeader
from dlms_cosem.protocol.xdlms.data_notification import DataNotification
from dlms_cosem.time import datetime_from_bytes
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_session import moment

WRAPPER_LENGTH = 8


def utc(time):
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def body(values, clock):
    """The six values; octet-strings as hexadecimal text, the clock as an instant."""
    plain = [bytes(value).hex() if isinstance(value, (bytes, bytearray)) else value for value in values]
    plain[2] = clock(values[2])
    return plain


def by_gurux(frame):
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    reply, notify = GXReplyData(), GXReplyData()
    client.getData(GXByteBuffer(frame), reply, notify)
    clock = lambda value: moment(_GXCommon.changeType(client.settings, value, DataType.DATETIME))
    return {"complete": notify.isComplete(), "time": moment(notify.time), "body": body(notify.value, clock)}


def by_dlms_cosem(frame):
    header = WrapperHeader.from_bytes(frame[:WRAPPER_LENGTH])
    notification = DataNotification.from_bytes(frame[WRAPPER_LENGTH:])
    values = utils.parse_as_dlms_data(notification.body)
    return {
        "source": header.source_wport,
        "destination": header.destination_wport,
        "length": header.length,
        "invokeId": notification.long_invoke_id_and_priority.long_invoke_id,
        "prioritized": notification.long_invoke_id_and_priority.prioritized,
        "confirmed": notification.long_invoke_id_and_priority.confirmed,
        "time": utc(notification.date_time),
        "body": body(values, lambda value: utc(datetime_from_bytes(value)[0])),
    }


def main():
    frame = bytes.fromhex(sys.argv[1])
    print(json.dumps({"gurux": by_gurux(frame), "dlmsCosem": by_dlms_cosem(frame)}))


if __name__ == "__main__":
    main()
