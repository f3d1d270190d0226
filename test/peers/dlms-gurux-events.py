"""Reads the five event logs, the alarm and the error register with gurux-dlms, a DLMS client that this project did not write, and resets them.

usage: dlms-gurux-events.py HOST PORT SECRET
Prints one JSON object; exits with 1 on any failure.
"""

import json
import sys

from gurux_dlms.enums import DataType
from gurux_dlms.objects import GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_session import Session

MANAGEMENT_CLIENT = 1
LOGS = [0, 1, 2, 4, 5]
REGISTERS = ["0.0.97.97.0.255", "0.0.97.98.0.255", "0.0.97.98.1.255", "0.0.97.98.20.255", "0.0.97.98.21.255"]


def log_of(session, number):
    profile = GXDLMSProfileGeneric("0.0.99.98.%d.255" % number)
    session.read(profile, 3)
    rows = session.read(profile, 2)
    return {
        "columns": [target.logicalName for target, _ in profile.captureObjects],
        "rows": [list(row[1:4]) for row in rows],
        "inUse": session.read(profile, 7),
    }


def data_of(session, name):
    return session.read(GXDLMSData(name), 2)


def clear(session, name):
    data = GXDLMSData(name)
    data.setDataType(2, DataType.UINT32)
    data.value = 0
    return session.refused(session.client.write(data, 2))


def main(host, port, secret):
    session = Session(host, int(port), MANAGEMENT_CLIENT, secret).open()
    objects = {target.logicalName for target in session.objects()}
    result = {
        "client": "gurux-dlms",
        "listed": ["0.0.99.98.%d.255" % number in objects for number in LOGS],
        "logs": [log_of(session, number) for number in LOGS],
        "registers": [data_of(session, name) for name in REGISTERS],
        "codes": [data_of(session, "0.0.96.11.%d.255" % number) for number in LOGS],
    }
    sag = GXDLMSRegister("1.0.32.34.0.255")
    session.read(sag, 3)
    result["sag"] = [round(session.read(sag, 2), 1), sag.scaler]
    result["cleared"] = [clear(session, name) for name in REGISTERS]
    result["registersAfter"] = [data_of(session, name) for name in REGISTERS]
    result["reset"] = []
    for number in LOGS:
        profile = GXDLMSProfileGeneric("0.0.99.98.%d.255" % number)
        result["reset"].append(session.refused(profile.reset(session.client)))
    result["logsAfter"] = [log_of(session, number)["rows"] for number in LOGS]
    session.close()
    print(json.dumps(result))


main(*sys.argv[1:])
