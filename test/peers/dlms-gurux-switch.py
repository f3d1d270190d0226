"""Uses the supply switch of a meter with gurux-dlms, a DLMS client that this project did not write: disconnect control, its scripts, the limiter.

usage: dlms-gurux-switch.py HOST PORT SECRET
Prints one JSON object; exits with 1 on any failure. Waits a second after each command: the contact moves later.
"""

import datetime
import json
import sys
import time

from gurux_dlms import GXDateTime
from gurux_dlms.enums import DataType
from gurux_dlms.objects import GXDLMSDisconnectControl, GXDLMSLimiter, GXDLMSRegister, GXDLMSScriptTable
from gurux_session import Session, moment

MANAGEMENT_CLIENT = 1
UTC = datetime.timezone.utc
# Attributes whose type depends on what is monitored, so that the library has to be told.
THRESHOLDS = (4, 5)


def states(session, control):
    for attribute in (2, 3, 4):
        session.read(control, attribute)
    return [bool(control.outputState), int(control.controlState), int(control.controlMode)]


def command(session, frames):
    result = session.refused(frames)
    time.sleep(1)
    return result


def disconnect(session):
    control = GXDLMSDisconnectControl("0.0.96.3.10.255")
    control.version = 0
    result = {"before": states(session, control)}
    result["disconnect"] = [command(session, control.remoteDisconnect(session.client)), states(session, control)]
    result["reconnect"] = [command(session, control.remoteReconnect(session.client)), states(session, control)]
    script = GXDLMSScriptTable("0.0.10.0.106.255")
    session.read(script, 2)
    result["scripts"] = [[item.id, [[int(a.type_), int(a.target.objectType), a.target.logicalName, a.index] for a in item.actions]] for item in script.scripts]
    result["script"] = [command(session, script.execute(session.client, 1)), states(session, control)]
    control.controlMode = 0
    result["mode0"] = session.refused(session.client.write(control, 4))
    control.controlMode = 1
    result["mode1"] = session.refused(session.client.write(control, 4))
    result["released"] = [command(session, control.remoteReconnect(session.client)), states(session, control)]
    control.controlMode = 6
    result["mode6"] = [session.refused(session.client.write(control, 4)), states(session, control)]
    return result


def write(session, limiter, attribute):
    return session.refused(session.client.write(limiter, attribute))


def limit(session):
    limiter = GXDLMSLimiter("0.0.17.0.0.255")
    # The library looks the monitored object up among those that it knows.
    session.client.objects.append(GXDLMSRegister("1.0.1.7.0.255"))
    for attribute in range(2, 12):
        session.read(limiter, attribute)
    result = {
        "monitored": [int(limiter.monitoredValue.objectType), limiter.monitoredValue.logicalName, limiter.monitoredAttributeIndex],
        "thresholds": [limiter.thresholdActive, limiter.thresholdNormal, limiter.thresholdEmergency],
        "durations": [limiter.minOverThresholdDuration, limiter.minUnderThresholdDuration],
        "actions": [[a.logicalName, a.scriptSelector] for a in (limiter.actionOverThreshold, limiter.actionUnderThreshold)],
        "emergency": [limiter.emergencyProfile.id, limiter.emergencyProfile.duration, limiter.emergencyProfileGroupIDs, bool(limiter.emergencyProfileActive)],
    }
    for attribute in THRESHOLDS:
        limiter.setDataType(attribute, DataType.UINT32)
    limiter.thresholdNormal, limiter.thresholdEmergency = 4000, 800
    limiter.minOverThresholdDuration, limiter.minUnderThresholdDuration = 30, 90
    limiter.emergencyProfile.id = 12
    limiter.emergencyProfile.duration = 3600
    begin = datetime.datetime(2026, 1, 5, 13, 30, 0, tzinfo=UTC)
    limiter.emergencyProfile.activationTime = GXDateTime(begin)
    limiter.emergencyProfileGroupIDs = [3, 12]
    limiter.actionUnderThreshold.logicalName = "0.0.10.0.106.255"
    limiter.actionUnderThreshold.scriptSelector = 2
    result["written"] = [write(session, limiter, attribute) for attribute in (2, 4, 5, 6, 7, 8, 9, 11)]
    result["denied"] = [write(session, limiter, 10)]
    for attribute in range(2, 12):
        session.read(limiter, attribute)
    result["after"] = {
        "thresholds": [limiter.thresholdActive, limiter.thresholdNormal, limiter.thresholdEmergency],
        "durations": [limiter.minOverThresholdDuration, limiter.minUnderThresholdDuration],
        "begin": moment(limiter.emergencyProfile.activationTime),
        "emergency": [limiter.emergencyProfile.id, limiter.emergencyProfile.duration, limiter.emergencyProfileGroupIDs],
        "under": [limiter.actionUnderThreshold.logicalName, limiter.actionUnderThreshold.scriptSelector],
    }
    return result


def main():
    host, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    session = Session(host, port, MANAGEMENT_CLIENT, secret).open()
    result = {"client": "gurux-dlms", "switch": disconnect(session), "limiter": limit(session)}
    session.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
