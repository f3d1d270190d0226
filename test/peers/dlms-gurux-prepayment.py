"""Uses a prepayment meter with gurux-dlms, a DLMS client that this project did not write: account, credits, token gateway.

usage: dlms-gurux-prepayment.py HOST PORT SECRET TOKEN
Prints one JSON object; exits with 1 on any failure. TOKEN is one that the meter has to take.
"""

import json
import sys

from gurux_dlms.enums import DataType, ObjectType
from gurux_dlms.objects import GXDLMSAccount, GXDLMSCredit, GXDLMSTokenGateway
from gurux_session import Session, text

MANAGEMENT_CLIENT = 1
PAYMENT = (ObjectType.ACCOUNT, ObjectType.CREDIT, ObjectType.CHARGE, ObjectType.TOKEN_GATEWAY)


def credit(session, name):
    target = GXDLMSCredit(name)
    for attribute in range(2, 12):
        session.read(target, attribute)
    return {
        "amount": target.currentCreditAmount,
        "type": int(target.type_),
        "priority": target.priority,
        "thresholds": [target.warningThreshold, target.limit, target.presetCreditAmount, target.creditAvailableThreshold],
        "configuration": int(target.creditConfiguration),
        "status": int(target.status),
    }


def account(session):
    target = GXDLMSAccount()
    for attribute in range(2, 20):
        session.read(target, attribute)
    return {
        "mode": [int(target.paymentMode), int(target.accountStatus)],
        "inUse": target.currentCreditInUse,
        "status": int(target.currentCreditStatus),
        "available": target.availableCredit,
        "clear": target.amountToClear,
        "credits": list(target.creditReferences),
        "charges": list(target.chargeReferences),
        "gateway": [[item.creditReference, item.tokenProportion] for item in target.tokenGatewayConfigurations],
        "currency": [target.currency.name, target.currency.scale, int(target.currency.unit)],
        "low": target.lowCreditThreshold,
    }


def gateway(session):
    target = GXDLMSTokenGateway()
    for attribute in range(2, 7):
        session.read(target, attribute)
    return {"token": text(target.token or b""), "delivery": int(target.deliveryMethod), "status": int(target.statusCode), "detail": str(target.dataValue)}


def enter(session, digits):
    """The library has no method for it: method 1 with an octet-string."""
    return session.refused(session.client.method(GXDLMSTokenGateway(), 1, digits.encode("ascii"), DataType.OCTET_STRING))


def main():
    host, port, secret, token = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    session = Session(host, port, MANAGEMENT_CLIENT, secret).open()
    names = [[int(item.objectType), item.logicalName] for item in session.objects() if item.objectType in PAYMENT]
    emergency = GXDLMSCredit("0.0.19.10.1.255")
    result = {
        "client": "gurux-dlms",
        "objects": names,
        "account": account(session),
        "credits": [credit(session, "0.0.19.10.0.255"), credit(session, "0.0.19.10.1.255")],
        "gateway": gateway(session),
        "emergency": [session.refused(emergency.invokeCredit(session.client, 0)), session.refused(emergency.invokeCredit(session.client, 0))],
        "denied": session.refused(emergency.updateAmount(session.client, 1000)),
        "wrong": [enter(session, "12345"), gateway(session)],
        "entered": [enter(session, token), gateway(session)],
        "again": [enter(session, token), gateway(session)],
        "after": [account(session), credit(session, "0.0.19.10.0.255")],
    }
    session.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
