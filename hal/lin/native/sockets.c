/* Sockets as descriptors that never block. Errors are thrown with the name of the system's error (EADDRINUSE) as their message. IPv4, as the port for devices. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xsmc.h"
#include "mc.xs.h"
#include "failed.h"

/* Largest piece that is read at once. */
#define PIECE 16384
#define DATAGRAM 65536

static void addressed(xsMachine *the, struct sockaddr_in *name, int address, int port)
{
	char text[INET_ADDRSTRLEN + 1];
	memset(name, 0, sizeof(*name));
	name->sin_family = AF_INET;
	name->sin_port = htons(xsmcToInteger(xsArg(port)));
	if (inet_pton(AF_INET, xsmcToStringBuffer(xsArg(address), text, sizeof(text)), &name->sin_addr) != 1)
		xsUnknownError("not an IPv4 address");
}

static int created(xsMachine *the, int type)
{
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		lin_failed(the);
	return fd;
}

static void gone(xsMachine *the, int fd)
{
	int error = errno;
	close(fd);
	errno = error;
	lin_failed(the);
}

/* (descriptor, on) */
void lin_noDelay(xsMachine *the)
{
	int on = xsmcTest(xsArg(1)) ? 1 : 0;
	setsockopt(xsmcToInteger(xsArg(0)), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* (address, port): a connection that is under way. */
void lin_connect(xsMachine *the)
{
	struct sockaddr_in name;
	addressed(the, &name, 0, 1);
	int fd = created(the, SOCK_STREAM);
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 && errno != EINPROGRESS)
		gone(the, fd);
	xsmcSetInteger(xsResult, fd);
}

/* (descriptor): throws why the connection did not come about. */
void lin_connected(xsMachine *the)
{
	int error = 0;
	socklen_t length = sizeof(error);
	getsockopt(xsmcToInteger(xsArg(0)), SOL_SOCKET, SO_ERROR, &error, &length);
	if (error == 0)
		return;
	errno = error;
	lin_failed(the);
}

/* (address, port, datagrams): a listener, or a socket for datagrams. */
void lin_bind(xsMachine *the)
{
	struct sockaddr_in name;
	int on = 1;
	int datagrams = xsmcTest(xsArg(2));
	addressed(the, &name, 0, 1);
	int fd = created(the, datagrams ? SOCK_DGRAM : SOCK_STREAM);
	if (!datagrams)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0 || (!datagrams && listen(fd, SOMAXCONN) < 0))
		gone(the, fd);
	xsmcSetInteger(xsResult, fd);
}

/* (descriptor): port that it is bound to. */
void lin_port(xsMachine *the)
{
	struct sockaddr_in name = {0};
	socklen_t length = sizeof(name);
	getsockname(xsmcToInteger(xsArg(0)), (struct sockaddr *)&name, &length);
	xsmcSetInteger(xsResult, ntohs(name.sin_port));
}

/* (descriptor): a connection, or nothing. */
void lin_accept(xsMachine *the)
{
	int fd = accept4(xsmcToInteger(xsArg(0)), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		xsmcSetInteger(xsResult, fd);
}

static void tell(xsMachine *the, const struct sockaddr_in *name)
{
	char text[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &name->sin_addr, text, sizeof(text));
	xsmcVars(1);
	xsmcSetString(xsVar(0), text);
	xsmcSet(xsResult, xsID_address, xsVar(0));
	xsmcSetInteger(xsVar(0), ntohs(name->sin_port));
	xsmcSet(xsResult, xsID_port, xsVar(0));
}

/* (descriptor): an object with address and port of the peer. */
void lin_peer(xsMachine *the)
{
	struct sockaddr_in name = {0};
	socklen_t length = sizeof(name);
	getpeername(xsmcToInteger(xsArg(0)), (struct sockaddr *)&name, &length);
	xsmcSetNewObject(xsResult);
	tell(the, &name);
}

/* (descriptor): bytes; none of them at the end of the stream; undefined while there are none. */
void lin_receive(xsMachine *the)
{
	uint8_t bytes[PIECE];
	ssize_t count = read(xsmcToInteger(xsArg(0)), bytes, sizeof(bytes));
	if (count >= 0)
		xsmcSetArrayBuffer(xsResult, bytes, count);
	else if (errno != EAGAIN && errno != EINTR)
		lin_failed(the);
}

/* (descriptor, buffer): how many of the bytes were taken. */
void lin_send(xsMachine *the)
{
	uint8_t *bytes;
	xsUnsignedValue length;
	xsmcGetBufferReadable(xsArg(1), (void **)&bytes, &length);
	ssize_t count = write(xsmcToInteger(xsArg(0)), bytes, length);
	if (count < 0 && errno != EAGAIN && errno != EINTR)
		lin_failed(the);
	xsmcSetInteger(xsResult, count < 0 ? 0 : count);
}

/* (descriptor): a datagram, with address and port of its sender; undefined while there is none. */
void lin_receiveFrom(xsMachine *the)
{
	uint8_t bytes[DATAGRAM];
	struct sockaddr_in name;
	socklen_t length = sizeof(name);
	ssize_t count = recvfrom(xsmcToInteger(xsArg(0)), bytes, sizeof(bytes), 0, (struct sockaddr *)&name, &length);
	if (count < 0)
		return;
	xsmcSetArrayBuffer(xsResult, bytes, count);
	tell(the, &name);
}

/* (descriptor, buffer, address, port) */
void lin_sendTo(xsMachine *the)
{
	struct sockaddr_in name;
	uint8_t *bytes;
	xsUnsignedValue length;
	addressed(the, &name, 2, 3);
	xsmcGetBufferReadable(xsArg(1), (void **)&bytes, &length);
	if (sendto(xsmcToInteger(xsArg(0)), bytes, length, 0, (struct sockaddr *)&name, sizeof(name)) < 0)
		lin_failed(the);
}
