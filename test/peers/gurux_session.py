"""A session of gurux-dlms, a DLMS client that this project did not write, over TCP. Used by the programs of this folder."""

import datetime
import socket

from gurux_dlms import GXByteBuffer, GXDateTime, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, RequestTypes

TIMEOUT_S = 10
MOST_BLOCKS = 100000


class MeterError(RuntimeError):
    """The meter answered with a result other than success."""

    def __init__(self, result):
        super().__init__("meter error %s" % result)
        self.result = int(result)


class Session:
    """One TCP connection with one association."""

    def __init__(self, host, port, sap, secret=None, largest_pdu=0xFFFF):
        level = Authentication.LOW if secret else Authentication.NONE
        self.client = GXDLMSClient(True, sap, 1, level, secret, InterfaceType.WRAPPER)
        self.client.setMaxReceivePDUSize(largest_pdu)
        self.socket = socket.create_connection((host, port), TIMEOUT_S)
        self.socket.settimeout(TIMEOUT_S)

    def exchange(self, request, reply):
        """Sends one frame and receives until the client has a complete frame."""
        self.socket.sendall(bytes(request))
        received = GXByteBuffer()
        while True:
            chunk = self.socket.recv(65536)
            if not chunk:
                raise RuntimeError("connection closed by the meter")
            received.set(bytearray(chunk))
            received.position = 0
            if self.client.getData(received, reply):
                break
        if reply.error:
            raise MeterError(reply.error)

    def request(self, frames):
        reply = GXReplyData()
        for frame in frames if isinstance(frames, list) else [frames]:
            reply.clear()
            self.exchange(frame, reply)
            for _ in range(MOST_BLOCKS):
                if reply.moreData == RequestTypes.NONE:
                    break
                self.exchange(self.client.receiverReady(reply), reply)
        return reply

    def open(self):
        self.client.parseAareResponse(self.request(self.client.aarqRequest()).data)
        return self

    def close(self):
        for frame in [self.client.releaseRequest()]:
            if frame:
                self.request(frame)
        self.socket.close()

    def refused(self, frames):
        """The result with which the meter refuses a request; 0 when it does not."""
        try:
            self.request(frames)
        except MeterError as error:
            return error.result
        return 0

    def drop(self):
        """The connection breaks."""
        self.socket.close()

    def read(self, target, attribute):
        reply = self.request(self.client.read(target, attribute))
        return self.client.updateValue(target, attribute, reply.value)

    def read_list(self, items):
        values = []
        for frames in self.client.readList(items):
            values += self.request(frames).value
        return values

    def objects(self):
        reply = self.request(self.client.getObjectsRequest())
        return self.client.parseObjects(reply.data, True)


def text(value):
    return bytes(value).decode("ascii") if isinstance(value, (bytes, bytearray)) else str(value)


def moment(value):
    """A date-time as the instant it means."""
    time = value.value if isinstance(value, GXDateTime) else value
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
