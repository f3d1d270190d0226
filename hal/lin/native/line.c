/* Terminals: serial ports, and pseudo-terminals for whoever wants to be at the other end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <sys/ioctl.h>

#include "xsmc.h"
#include "mc.xs.h"
#include "failed.h"

#define PATH_LENGTH 4096

static const struct {
	int baud;
	speed_t code;
} SPEEDS[] = {{50, B50}, {75, B75}, {110, B110}, {134, B134}, {150, B150}, {200, B200}, {300, B300}, {600, B600}, {1200, B1200}, {1800, B1800},
	{2400, B2400}, {4800, B4800}, {9600, B9600}, {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200}, {230400, B230400},
	{460800, B460800}, {500000, B500000}, {576000, B576000}, {921600, B921600}, {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
	{2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {3500000, B3500000}, {4000000, B4000000}};

static speed_t speed(int baud)
{
	for (size_t i = 0; i < sizeof(SPEEDS) / sizeof(SPEEDS[0]); i++)
		if (SPEEDS[i].baud == baud)
			return SPEEDS[i].code;
	return 0;
}

/* (path, baud, bits, parity, stop): a serial port that never blocks; parity is 0 (none), 1 (odd) or 2 (even). Nothing when the port cannot do the format. */
void lin_openLine(xsMachine *the)
{
	char name[PATH_LENGTH];
	int bits = xsmcToInteger(xsArg(2)), parity = xsmcToInteger(xsArg(3)), stop = xsmcToInteger(xsArg(4));
	speed_t code = speed(xsmcToInteger(xsArg(1)));
	int fd = open(xsmcToStringBuffer(xsArg(0), name, sizeof(name)), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		lin_failed(the);
	struct termios wanted = {0}, got = {0};
	wanted.c_cflag = CLOCAL | CREAD | (bits == 7 ? CS7 : CS8) | (parity ? PARENB : 0) | (parity == 1 ? PARODD : 0) | (stop == 2 ? CSTOPB : 0);
	wanted.c_iflag = parity ? INPCK | IGNPAR : 0;
	wanted.c_cc[VMIN] = 1;
	const tcflag_t format = CSIZE | PARENB | PARODD | CSTOPB;
	if (code == 0 || cfsetspeed(&wanted, code) < 0 || tcsetattr(fd, TCSANOW, &wanted) < 0 || tcgetattr(fd, &got) < 0 ||
		(got.c_cflag & format) != (wanted.c_cflag & format)) {
		close(fd);
		return;
	}
	xsmcSetInteger(xsResult, fd);
}

/* A pseudo-terminal without echo: its near end, which never blocks. */
void lin_openTerminal(xsMachine *the)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
		lin_failed(the);
	struct termios format;
	tcgetattr(fd, &format);
	cfmakeraw(&format);
	tcsetattr(fd, TCSANOW, &format);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	/* Held open: without anybody at the other end, reading would fail at once and for ever. */
	open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	xsmcSetInteger(xsResult, fd);
}

/* (descriptor): path of the other end of a pseudo-terminal. */
void lin_terminalName(xsMachine *the)
{
	char *name = ptsname(xsmcToInteger(xsArg(0)));
	if (!name)
		lin_failed(the);
	xsmcSetString(xsResult, name);
}
