"""Reads a meter with gurux-dlms, a DLMS client that this project did not write.

usage: dlms-gurux.py HOST PORT SECRET
Prints one JSON object; exits with 1 on any failure.
"""

import datetime
import json
import sys

from gurux_dlms import GXDateTime
from gurux_dlms.enums import ObjectType
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSSapAssignment,
)
from gurux_session import Session, moment, text

def rows_of(profile):
    return [[moment(cell) if hasattr(cell, "value") else int(cell) for cell in row] for row in profile.buffer]


def energy_column(profile):
    """The first column that is a register."""
    for item, capture in profile.captureObjects:
        if item.objectType == ObjectType.REGISTER:
            return item, capture
    raise RuntimeError("no register in the profile")


def read_profile(session):
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    for attribute in (3, 4, 5, 6, 7, 8):
        session.read(profile, attribute)
    whole = session.request(session.client.read(profile, 2))
    session.client.updateValue(profile, 2, whole.value)
    everything = rows_of(profile)
    start, end = everything[-8][0], everything[-3][0]
    zone = datetime.timezone.utc
    first = GXDateTime(datetime.datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=zone))
    last = GXDateTime(datetime.datetime.strptime(end, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=zone))
    reply = session.request(session.client.readRowsByRange(profile, first, last))
    session.client.updateValue(profile, 2, reply.value)
    by_range = rows_of(profile)
    reply = session.request(session.client.readRowsByEntry(profile, 2, 3))
    session.client.updateValue(profile, 2, reply.value)
    by_entry = rows_of(profile)
    columns = [profile.captureObjects[0], energy_column(profile)]
    reply = session.request(session.client.readRowsByRange(profile, first, last, columns))
    if by_range != everything[-8:-2]:
        raise RuntimeError("the range is not a part of the buffer")
    if by_entry != everything[1:4]:
        raise RuntimeError("the entries are not a part of the buffer")
    two = [len(row) for row in reply.value]
    if two != [2] * 6:
        raise RuntimeError("selected columns: %s" % two)
    return {
        "columns": [[int(o.objectType), o.logicalName, c.attributeIndex] for o, c in profile.captureObjects],
        "capturePeriod": profile.capturePeriod,
        "entriesInUse": profile.entriesInUse,
        "rows": len(everything),
        "byRange": by_range,
        "byEntry": by_entry,
    }


def read_public(host, port):
    session = Session(host, port, 16).open()
    names = [[int(o.objectType), o.logicalName] for o in session.objects()]
    name = GXDLMSData("0.0.42.0.0.255")
    session.read(name, 2)
    session.close()
    return {"objects": names, "name": text(name.value)}


def read_all(host, port, secret, largest_pdu):
    session = Session(host, port, 17, secret, largest_pdu).open()
    result = {"objects": [[int(o.objectType), o.logicalName] for o in session.objects()]}
    name = GXDLMSData("0.0.42.0.0.255")
    session.read(name, 2)
    result["name"] = text(name.value)
    association = GXDLMSAssociationLogicalName("0.0.40.0.0.255")
    for attribute in (3, 4, 5, 6, 8, 9):
        session.read(association, attribute)
    result["partners"] = [association.clientSAP, association.serverSAP]
    result["mechanism"] = int(association.authenticationMechanismName.mechanismId)
    assignment = GXDLMSSapAssignment("0.0.41.0.0.255")
    session.read(assignment, 2)
    result["saps"] = [[sap, text(device)] for sap, device in assignment.sapAssignmentList]
    clock = GXDLMSClock("0.0.1.0.0.255")
    for attribute in (2, 3, 4, 5, 6, 7, 8, 9):
        session.read(clock, attribute)
    result["clock"] = moment(clock.time)
    result["timeZone"] = clock.timeZone
    energy = GXDLMSRegister("1.0.1.8.0.255")
    session.read(energy, 3)
    session.read(energy, 2)
    result["energy"] = [energy.value * energy.scaler, int(energy.unit)]
    voltage = GXDLMSRegister("1.0.32.7.0.255")
    session.read(voltage, 3)
    session.read(voltage, 2)
    result["voltage"] = [round(float(voltage.value), 6), int(voltage.unit)]
    values = session.read_list([(name, 2), (energy, 2), (energy, 3), (voltage, 2)])
    result["list"] = [text(values[0]), values[1], [int(part) for part in values[2]], values[3]]
    result["profile"] = read_profile(session)
    session.close()
    return result


def refused(host, port, secret):
    """A wrong secret must not open an association."""
    session = Session(host, port, 17, secret)
    try:
        session.open()
    except Exception as error:  # the client has its own exception for each way to refuse
        return str(error)
    finally:
        session.socket.close()
    raise RuntimeError("a wrong secret was accepted")


def main():
    host, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    result = {
        "client": "gurux-dlms",
        "public": read_public(host, port),
        "reading": read_all(host, port, secret, 0xFFFF),
        "smallPdu": read_all(host, port, secret, 128),
        "refused": refused(host, port, "x" + secret),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
