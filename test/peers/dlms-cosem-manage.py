"""Writes to a meter with dlms-cosem, a DLMS client that this project did not write.

usage: dlms-cosem-manage.py HOST PORT SECRET NOTE
NOTE is the logical name of a writable Data object. Prints one JSON object; exits with 1 on any failure.
"""

import json
import logging
import sys

import structlog

from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.security import LowLevelSecurityAuthentication

TIMEOUT_S = 10
MANAGEMENT_CLIENT = 1
INTERFACE = enumerations.CosemInterface


def main():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    host, port, secret, note = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    transport = TcpTransport(MANAGEMENT_CLIENT, 1, BlockingTcpIO(host, port, TIMEOUT_S), TIMEOUT_S)
    client = DlmsClient(transport=transport, authentication=LowLevelSecurityAuthentication(secret.encode()))
    with client.session() as session:
        target = cosem.CosemAttribute(interface=INTERFACE.DATA, instance=cosem.Obis.from_string(note), attribute=2)
        written = session.set(target, b"\x09\x04dlms")
        wrong = session.set(target, b"\x11\x05")
        value = utils.parse_as_dlms_data(session.get(target)).decode()
        push = cosem.CosemMethod(interface=INTERFACE.PUSH, instance=cosem.Obis.from_string("0.4.25.9.0.255"), method=1)
        pushed = session.action(push, b"\x0f\x00")
    result = {"client": "dlms-cosem", "written": int(written.result), "wrong": int(wrong.result), "value": value, "pushed": pushed}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
