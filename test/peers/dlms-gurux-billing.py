"""Tariffs, demand, billing and profiles with gurux-dlms, a DLMS client that this project did not write.

usage: dlms-gurux-billing.py HOST PORT SECRET
The meter's local time is Central European, in winter, before 8 February 2026. Prints one JSON object; exits with 1 on any failure.
"""

import datetime
import json
import sys

from gurux_dlms import GXDate, GXDateTime, GXTime
from gurux_dlms.enums import DateTimeSkips
from gurux_dlms.objects import (
    GXDLMSActionSchedule,
    GXDLMSActivityCalendar,
    GXDLMSData,
    GXDLMSDayProfile,
    GXDLMSDayProfileAction,
    GXDLMSDemandRegister,
    GXDLMSExtendedRegister,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSRegisterActivation,
    GXDLMSScriptTable,
    GXDLMSSeasonProfile,
    GXDLMSSpecialDay,
    GXDLMSSpecialDaysTable,
    GXDLMSWeekProfile,
)
from gurux_session import Session, moment, text

MANAGEMENT_CLIENT = 1
SCRIPTS = "0.0.10.0.100.255"
YEAR = DateTimeSkips.YEAR
OPEN = DateTimeSkips.DEVITATION | DateTimeSkips.STATUS
ALL = YEAR | DateTimeSkips.MONTH | DateTimeSkips.DAY | DateTimeSkips.DAY_OF_WEEK
NO_TIME = DateTimeSkips.HOUR | DateTimeSkips.MINUTE | DateTimeSkips.SECOND | DateTimeSkips.MILLISECOND
CET = datetime.timezone(datetime.timedelta(hours=1))


def read_all(session, target, attributes):
    for attribute in attributes:
        session.read(target, attribute)
    return target


def skipping(value, skip):
    value.skip |= skip
    return value


def clock_time(value):
    return value.value.strftime("%H:%M:%S")


def date_of(value):
    """Fields of a date; None for those that are open."""
    fields = [
        (YEAR, value.value.year),
        (DateTimeSkips.MONTH, value.value.month),
        (DateTimeSkips.DAY, value.value.day),
    ]
    return [None if value.skip & skip else field for skip, field in fields]


def season(name, month, day, week):
    start = skipping(GXDateTime(datetime.datetime(2026, month, day)), YEAR | OPEN)
    return GXDLMSSeasonProfile(name, start, week)


def week(name, working_day, saturday, sunday):
    profile = GXDLMSWeekProfile()
    profile.name = name
    profile.monday = profile.tuesday = profile.wednesday = profile.thursday = profile.friday = working_day
    profile.saturday, profile.sunday = saturday, sunday
    return profile


def day(number, switches):
    profile = GXDLMSDayProfile()
    profile.dayId = number
    profile.daySchedules = [GXDLMSDayProfileAction(GXTime(datetime.datetime(2026, 1, 1, hour)), SCRIPTS, rate) for hour, rate in switches]
    return profile


def seasons_of(profiles):
    return [[text(it.name), date_of(it.start), text(it.weekName)] for it in profiles]


def weeks_of(profiles):
    return [[text(it.name), it.monday, it.tuesday, it.wednesday, it.thursday, it.friday, it.saturday, it.sunday] for it in profiles]


def days_of(profiles):
    return [[it.dayId, [[clock_time(a.startTime), a.scriptLogicalName, a.scriptSelector] for a in it.daySchedules]] for it in profiles]


def read_calendar(session):
    calendar = read_all(session, GXDLMSActivityCalendar("0.0.13.0.0.255"), range(2, 11))
    active = [
        calendar.calendarNameActive,
        seasons_of(calendar.seasonProfileActive),
        weeks_of(calendar.weekProfileTableActive),
        days_of(calendar.dayProfileTableActive),
    ]
    passive = [
        calendar.calendarNamePassive,
        seasons_of(calendar.seasonProfilePassive),
        weeks_of(calendar.weekProfileTablePassive),
        days_of(calendar.dayProfileTablePassive),
    ]
    return calendar, active, passive


def tariff(session):
    """Writes a passive calendar and activates it."""
    calendar, active, _ = read_calendar(session)
    result = {"before": active}
    calendar.calendarNamePassive = "SUMMER26"
    calendar.seasonProfilePassive = [season(b"S1", 4, 1, b"W1"), season(b"S2", 10, 1, b"W2")]
    calendar.weekProfileTablePassive = [week(b"W1", 1, 2, 2), week(b"W2", 2, 2, 2)]
    calendar.dayProfileTablePassive = [day(1, [(0, 1), (6, 2), (22, 1)]), day(2, [(0, 1)])]
    result["written"] = [session.refused(session.client.write(calendar, attribute)) for attribute in (6, 7, 8, 9)]
    calendar.dayProfileTablePassive = [day(1, [(0, 9)])]
    result["badRate"] = session.refused(session.client.write(calendar, 9))
    calendar.seasonProfilePassive = [season(b"S1", 4, 1, b"W1")]
    calendar.seasonProfilePassive[0].start.value = calendar.seasonProfilePassive[0].start.value.replace(hour=2)
    result["badSeason"] = session.refused(session.client.write(calendar, 7))
    calendar, _, result["passive"] = read_calendar(session)

    calendar.time = GXDateTime(datetime.datetime(2026, 2, 8, 0, 0, 0, tzinfo=CET))
    session.request(session.client.write(calendar, 10))
    calendar.time = None
    session.read(calendar, 10)
    result["activation"] = moment(calendar.time)
    calendar.time = GXDateTime(datetime.datetime(2025, 2, 8, 0, 0, 0, tzinfo=CET))
    result["over"] = session.refused(session.client.write(calendar, 10))
    calendar.time = skipping(GXDateTime(datetime.datetime(2026, 2, 8)), ALL | NO_TIME | OPEN)
    session.request(session.client.write(calendar, 10))
    session.read(calendar, 10)
    result["cancelled"] = bool(calendar.time.skip & YEAR)
    result["activated"] = session.refused(calendar.activatePassiveCalendar(session.client))
    _, active, _ = read_calendar(session)
    result["after"] = active == result["passive"]
    return result


def special_day(index, date, number, skip=DateTimeSkips.NONE):
    entry = GXDLMSSpecialDay()
    entry.index, entry.date, entry.dayId = index, skipping(GXDate(date), skip | DateTimeSkips.DAY_OF_WEEK), number
    return entry


def special_days(session):
    table = GXDLMSSpecialDaysTable("0.0.11.0.0.255")
    christmas = special_day(1, datetime.datetime(2026, 12, 25), 2, YEAR)
    table.entries = [christmas, special_day(2, datetime.datetime(2026, 5, 14), 2)]
    session.request(session.client.write(table, 2))
    session.request(table.insert(session.client, special_day(3, datetime.datetime(2026, 12, 26), 2, YEAR)))
    session.request(table.delete(session.client, special_day(2, datetime.datetime(2026, 5, 14), 2)))
    table.entries = []
    session.read(table, 2)
    result = {"entries": [[it.index, date_of(it.date), it.dayId] for it in table.entries]}
    result["unknownDay"] = session.refused(table.insert(session.client, special_day(4, datetime.datetime(2026, 1, 6), 77, YEAR)))
    return result


def rates(session):
    """Which registers count with which rate, and which rate it is."""
    scripts = read_all(session, GXDLMSScriptTable(SCRIPTS), [2])
    result = {
        "scripts": [
            [it.id, [[int(a.type_), int(a.target.objectType), a.target.logicalName, a.index, bytes(a.parameter).hex()] for a in it.actions]]
            for it in scripts.scripts
        ],
        "execute": session.refused(scripts.execute(session.client, 1)),
    }
    activation = read_all(session, GXDLMSRegisterActivation("0.0.14.0.1.255"), [2, 3, 4])
    result["registers"] = [[int(it.objectType), it.logicalName] for it in activation.registerAssignment]
    result["masks"] = [[bytes(name).hex(), list(indexes)] for name, indexes in activation.maskList]
    active = read_all(session, GXDLMSData("0.0.96.14.0.255"), [2])
    result["active"] = [bytes(activation.activeMask).hex(), bytes(active.value).hex()]
    return result


def stamp(value):
    """The instant of a date-time; None for one that is not specified."""
    return None if value.skip & YEAR else moment(value)


def demand(session):
    register = read_all(session, GXDLMSDemandRegister("1.0.1.4.0.255"), [4, 2, 3, 5, 6, 7, 8, 9])
    last = read_all(session, GXDLMSExtendedRegister("1.0.1.5.0.255"), [3, 2, 4, 5])
    maxima = [read_all(session, GXDLMSExtendedRegister("1.0.1.6.%d.255" % e), [3, 2, 4, 5]) for e in (1, 2)]
    cumulative = read_all(session, GXDLMSRegister("1.0.1.2.0.255"), [3, 2])
    return {
        "current": [register.currentAverageValue, int(register.unit)],
        "last": [register.lastAverageValue, register.status, moment(register.captureTime)],
        "start": moment(register.startTimeCurrent),
        "period": [register.period, register.numberOfPeriods],
        "extended": [last.value, int(last.unit), last.status, moment(last.captureTime)],
        "maxima": [[it.value, int(it.unit), it.status, stamp(it.captureTime)] for it in maxima],
        "cumulative": [cumulative.value, int(cumulative.unit)],
    }


def value_of(value):
    return stamp(value) if isinstance(value, GXDateTime) else value


def read_profile(session, name):
    profile = read_all(session, GXDLMSProfileGeneric(name), [3, 4, 6, 7, 8])
    rows = session.read(profile, 2)
    return profile, [[value_of(value) for value in row] for row in rows]


def column_of(profile, name, attribute):
    names = [(target.logicalName, column.attributeIndex) for target, column in profile.captureObjects]
    return names.index((name, attribute))


def billing(session):
    profile, before = read_profile(session, "0.0.98.1.0.255")
    script = read_all(session, GXDLMSScriptTable("0.0.10.0.1.255"), [2])
    result = {
        "entries": [len(before), profile.profileEntries],
        "reset": [session.refused(script.execute(session.client, 1)) for _ in range(2)],
    }
    profile, rows = read_profile(session, "0.0.98.1.0.255")
    wanted = [("0.0.1.0.0.255", 2), ("1.0.0.1.0.255", 2), ("1.0.1.8.0.255", 2), ("1.0.1.6.0.255", 2), ("1.0.1.6.0.255", 5), ("1.0.1.2.0.255", 2)]
    columns = [column_of(profile, *each) for each in wanted]
    result["rows"] = [[row[column] for column in columns] for row in rows]
    reply = session.request(session.client.readRowsByEntry(profile, 2, 1))
    entry = session.client.updateValue(profile, 2, reply.value)
    result["byEntry"] = [[value_of(value) for value in row] for row in entry] == rows[1:2]
    start, end = datetime.datetime(2026, 1, 31, 23, 59, tzinfo=CET), datetime.datetime(2026, 2, 1, 0, 1, tzinfo=CET)
    reply = session.request(session.client.readRowsByRange(profile, start, end))
    ranged = session.client.updateValue(profile, 2, reply.value)
    result["byRange"] = [[value_of(value) for value in row] for row in ranged] == rows[:1]
    counters = [read_all(session, GXDLMSData("1.0.0.1.%d.255" % e), [2]).value for e in (0, 1)]
    last = GXDLMSData("1.0.0.1.2.255")
    session.read(last, 2)
    result["counters"] = counters + [bytes(last.value).hex()]
    plan = read_all(session, GXDLMSActionSchedule("0.0.15.0.0.255"), [2, 3, 4])
    time = plan.executionTime[0]
    result["schedule"] = [plan.target.logicalName, plan.executedScriptSelector, int(plan.type_), date_of(time), clock_time(time)]
    return result


def profiles(session):
    result = {}
    for name, title in (("1.0.99.2.0.255", "daily"), ("0.0.98.2.0.255", "monthly"), ("1.0.99.1.1.255", "quality")):
        profile, rows = read_profile(session, name)
        result[title] = [profile.capturePeriod, len(profile.captureObjects), len(rows), rows[-1][:4]]
    voltage = read_all(session, GXDLMSRegister("1.0.32.24.0.255"), [3, 2])
    result["voltage"] = [round(float(voltage.value), 6), int(voltage.unit)]
    return result


def main():
    host, port, secret = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    session = Session(host, port, MANAGEMENT_CLIENT, secret).open()
    result = {"client": "gurux-dlms", "objects": len(session.objects())}
    # What depends on the load before the tariff changes.
    result["rates"] = rates(session)
    result["demand"] = demand(session)
    result["billing"] = billing(session)
    result["profiles"] = profiles(session)
    result["tariff"] = tariff(session)
    result["specialDays"] = special_days(session)
    session.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
