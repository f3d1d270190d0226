"""Reads a meter with dlms-cosem, a DLMS client that this project did not write.

usage: dlms-cosem.py HOST PORT SECRET
Prints one JSON object; exits with 1 on any failure.
"""

import datetime
import json
import logging
import sys

import structlog

from dlms_cosem import cosem, enumerations, utils
from dlms_cosem.client import DlmsClient
from dlms_cosem.cosem.capture_object import CaptureObject
from dlms_cosem.cosem.selective_access import EntryDescriptor, RangeDescriptor
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.parsers import AssociationObjectListParser, ProfileGenericBufferParser
from dlms_cosem.security import LowLevelSecurityAuthentication, NoSecurityAuthentication
from dlms_cosem.time import datetime_from_bytes

TIMEOUT_S = 10
INTERFACE = enumerations.CosemInterface


class Entries(EntryDescriptor):
    """The client knows this descriptor but does not encode it."""

    def to_bytes(self):
        return (
            b"\x02\x02\x04"
            + b"\x06" + self.from_entry.to_bytes(4, "big")
            + b"\x06" + self.to_entry.to_bytes(4, "big")
            + b"\x12" + self.from_selected_value.to_bytes(2, "big")
            + b"\x12" + self.to_selected_value.to_bytes(2, "big")
        )


def attribute(interface, code, number):
    return cosem.CosemAttribute(interface=interface, instance=cosem.Obis.from_string(code), attribute=number)


def client(host, port, sap, secret, largest_pdu=65535):
    method = LowLevelSecurityAuthentication(secret.encode()) if secret else NoSecurityAuthentication()
    transport = TcpTransport(sap, 1, BlockingTcpIO(host, port, TIMEOUT_S), TIMEOUT_S)
    return DlmsClient(transport=transport, authentication=method, max_pdu_size=largest_pdu)


def value(session, interface, code, number, selection=None):
    return utils.parse_as_dlms_data(session.get(attribute(interface, code, number), selection))


def objects(session):
    data = session.get(attribute(INTERFACE.ASSOCIATION_LN, "0.0.40.0.0.255", 2))
    return [[int(o.interface), o.logical_name.to_string(".")] for o in AssociationObjectListParser.parse_bytes(data)]


def moment(time):
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_profile(session):
    code = "1.0.99.1.0.255"
    captured = value(session, INTERFACE.PROFILE_GENERIC, code, 3)
    columns = [attribute(INTERFACE(c[0]), ".".join(str(b) for b in c[1]), c[2]) for c in captured]
    period = value(session, INTERFACE.PROFILE_GENERIC, code, 4)
    parser = ProfileGenericBufferParser(capture_objects=columns, capture_period=period // 60)

    def buffer(selection=None):
        data = session.get(attribute(INTERFACE.PROFILE_GENERIC, code, 2), selection)
        rows = parser.parse_bytes(data)
        return [[moment(c.value) if isinstance(c.value, datetime.datetime) else c.value for c in row] for row in rows]

    everything = buffer()
    clock = CaptureObject(cosem_attribute=attribute(INTERFACE.CLOCK, "0.0.1.0.0.255", 2), data_index=0)
    zone = datetime.timezone.utc
    start, end = [datetime.datetime.strptime(row[0], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=zone) for row in (everything[-8], everything[-3])]
    by_range = buffer(RangeDescriptor(restricting_object=clock, from_value=start, to_value=end))
    by_entry = buffer(Entries(from_entry=2, to_entry=4))
    if by_range != everything[-8:-2]:
        raise RuntimeError("the range is not a part of the buffer")
    if by_entry != everything[1:4]:
        raise RuntimeError("the entries are not a part of the buffer")
    return {
        "columns": [[int(c.interface), c.instance.to_string("."), c.attribute] for c in columns],
        "capturePeriod": period,
        "entriesInUse": value(session, INTERFACE.PROFILE_GENERIC, code, 7),
        "rows": len(everything),
        "byRange": by_range,
        "byEntry": by_entry,
    }


def read_public(host, port):
    with client(host, port, 16, None).session() as session:
        return {"objects": objects(session), "name": value(session, INTERFACE.DATA, "0.0.42.0.0.255", 2).decode()}


def read_all(host, port, secret, largest_pdu):
    with client(host, port, 17, secret, largest_pdu).session() as session:
        result = {"objects": objects(session)}
        result["name"] = value(session, INTERFACE.DATA, "0.0.42.0.0.255", 2).decode()
        partners = value(session, INTERFACE.ASSOCIATION_LN, "0.0.40.0.0.255", 3)
        result["partners"] = list(partners)
        saps = value(session, INTERFACE.SAP_ASSIGNMENT, "0.0.41.0.0.255", 2)
        result["saps"] = [[sap, bytes(name).decode()] for sap, name in saps]
        time, _ = datetime_from_bytes(value(session, INTERFACE.CLOCK, "0.0.1.0.0.255", 2))
        result["clock"] = moment(time)
        scaler, unit = value(session, INTERFACE.REGISTER, "1.0.1.8.0.255", 3)
        result["energy"] = [value(session, INTERFACE.REGISTER, "1.0.1.8.0.255", 2) * 10**scaler, unit]
        scaler, unit = value(session, INTERFACE.REGISTER, "1.0.32.7.0.255", 3)
        result["voltage"] = [round(value(session, INTERFACE.REGISTER, "1.0.32.7.0.255", 2) * 10.0**scaler, 6), unit]
        result["profile"] = read_profile(session)
        return result


def refused(host, port, secret):
    """A wrong secret must not open an association."""
    session = client(host, port, 17, secret)
    session.connect()
    try:
        session.associate()
    except Exception as error:  # the client has its own exception for each way to refuse
        return str(error)
    finally:
        session.disconnect()
    raise RuntimeError("a wrong secret was accepted")


def main():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    host, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    result = {
        "client": "dlms-cosem",
        "public": read_public(host, port),
        "reading": read_all(host, port, secret, 65535),
        "smallPdu": read_all(host, port, secret, 128),
        "refused": refused(host, port, "x" + secret),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
