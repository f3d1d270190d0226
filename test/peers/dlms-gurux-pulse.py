"""Registers, profiles and object list of a water, gas or heat meter with gurux-dlms, a DLMS client that this project did not write.

usage: dlms-gurux-pulse.py HOST PORT SECRET LOAD_PROFILE REGISTER...
Prints one JSON object; exits with 1 on any failure.
"""

import json
import sys

from gurux_dlms.objects import GXDLMSProfileGeneric, GXDLMSRegister
from gurux_session import Session, moment

READING_CLIENT = 17


def read_register(session, name):
    register = GXDLMSRegister(name)
    session.read(register, 3)
    session.read(register, 2)
    # The client has multiplied by the scaler.
    return [round(float(register.value), 9), round(float(register.scaler), 9), int(register.unit), register.unit.name]


def read_profile(session, name):
    profile = GXDLMSProfileGeneric(name)
    for attribute in (3, 4, 7):
        session.read(profile, attribute)
    session.read(profile, 2)
    columns = [[int(target.objectType), target.logicalName] for target, _ in profile.captureObjects]
    rows = [[moment(row[0])] + [int(value) for value in row[1:]] for row in profile.buffer]
    return {"period": profile.capturePeriod, "entries": profile.entriesInUse, "columns": columns, "rows": rows}


def main():
    host, port, secret, load_profile, *registers = sys.argv[1:]
    session = Session(host, int(port), READING_CLIENT, secret).open()
    objects = [[int(one.objectType), one.logicalName] for one in session.objects()]
    result = {
        "client": "gurux-dlms",
        "objects": objects,
        "registers": {name: read_register(session, name) for name in registers},
        "load": read_profile(session, load_profile),
    }
    session.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
