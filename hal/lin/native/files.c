/* Files, for configuration, recordings and the image of the flash. Errors are thrown with the name of the system's error (ENOENT) as their message. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xsmc.h"
#include "mc.xs.h"
#include "failed.h"

#define PATH_LENGTH 4096

void lin_failed(xsMachine *the)
{
	const char *name = strerrorname_np(errno);
	xsUnknownError("%s", name ? name : "EIO");
}

static char *path(xsMachine *the, int index, char *buffer)
{
	return xsmcToStringBuffer(xsArg(index), buffer, PATH_LENGTH);
}

/* (path, create, mode): descriptor of a file for reading and writing; `create` fails when there is one already. */
void lin_open(xsMachine *the)
{
	char name[PATH_LENGTH];
	int flags = O_RDWR | O_CLOEXEC | (xsmcTest(xsArg(1)) ? O_CREAT | O_EXCL : 0);
	int file = open(path(the, 0, name), flags, xsmcToInteger(xsArg(2)));
	if (file < 0)
		lin_failed(the);
	xsmcSetInteger(xsResult, file);
}

/* (file): takes the file for this process alone, until it is closed or the process ends, however it does; whether it could. */
void lin_lock(xsMachine *the)
{
	xsmcSetBoolean(xsResult, flock(xsmcToInteger(xsArg(0)), LOCK_EX | LOCK_NB) == 0);
}

/* (file): bytes in it. */
void lin_size(xsMachine *the)
{
	struct stat status;
	if (fstat(xsmcToInteger(xsArg(0)), &status) < 0)
		lin_failed(the);
	xsmcSetNumber(xsResult, (double)status.st_size);
}

/* (file, buffer, offset): fills the buffer. */
void lin_read(xsMachine *the)
{
	int file = xsmcToInteger(xsArg(0));
	off_t offset = (off_t)xsmcToNumber(xsArg(2));
	uint8_t *bytes;
	xsUnsignedValue length;
	xsmcGetBufferWritable(xsArg(1), (void **)&bytes, &length);
	while (length > 0) {
		ssize_t count = pread(file, bytes, length, offset);
		if (count < 0)
			lin_failed(the);
		if (count == 0)
			xsUnknownError("EOF");
		bytes += count;
		offset += count;
		length -= count;
	}
}

/* (file, buffer, offset): when it returns the bytes are the operating system's, and survive the end of this process. */
void lin_write(xsMachine *the)
{
	int file = xsmcToInteger(xsArg(0));
	off_t offset = (off_t)xsmcToNumber(xsArg(2));
	uint8_t *bytes;
	xsUnsignedValue length;
	xsmcGetBufferReadable(xsArg(1), (void **)&bytes, &length);
	while (length > 0) {
		ssize_t count = pwrite(file, bytes, length, offset);
		if (count < 0)
			lin_failed(the);
		bytes += count;
		offset += count;
		length -= count;
	}
}

/* (file): waits for the disk. */
void lin_sync(xsMachine *the)
{
	if (fdatasync(xsmcToInteger(xsArg(0))) < 0)
		lin_failed(the);
}

void lin_close(xsMachine *the)
{
	close(xsmcToInteger(xsArg(0)));
}

/* (from, to) */
void lin_rename(xsMachine *the)
{
	char from[PATH_LENGTH], to[PATH_LENGTH];
	if (rename(path(the, 0, from), path(the, 1, to)) < 0)
		lin_failed(the);
}

/* (path) */
void lin_remove(xsMachine *the)
{
	char name[PATH_LENGTH];
	if (unlink(path(the, 0, name)) < 0)
		lin_failed(the);
}

/* (path): no error when there is such a folder already. */
void lin_makeFolder(xsMachine *the)
{
	char name[PATH_LENGTH];
	struct stat status;
	if (mkdir(path(the, 0, name), 0777) == 0)
		return;
	if (errno != EEXIST)
		lin_failed(the);
	if (stat(name, &status) == 0 && !S_ISDIR(status.st_mode)) {
		errno = ENOTDIR;
		lin_failed(the);
	}
}

/* (buffer): from the operating system's generator; fit for keys. */
void lin_random(xsMachine *the)
{
	uint8_t *bytes;
	xsUnsignedValue length;
	xsmcGetBufferWritable(xsArg(0), (void **)&bytes, &length);
	while (length > 0) {
		ssize_t count = getrandom(bytes, length, 0);
		if (count < 0)
			lin_failed(the);
		bytes += count;
		length -= count;
	}
}

/* (path, text): the whole content, also of files that do not tell their size; as bytes or as text in UTF-8. */
void lin_readAll(xsMachine *the)
{
	char name[PATH_LENGTH];
	size_t length = 0, room = 4096;
	int file = open(path(the, 0, name), O_RDONLY | O_CLOEXEC);
	if (file < 0)
		lin_failed(the);
	uint8_t *bytes = malloc(room);
	ssize_t count;
	while (bytes && (count = read(file, bytes + length, room - length)) > 0) {
		length += count;
		if (length == room)
			bytes = realloc(bytes, room *= 2);
	}
	int error = errno;
	close(file);
	if (!bytes || count < 0) {
		free(bytes);
		errno = bytes ? error : ENOMEM;
		lin_failed(the);
	}
	if (xsmcTest(xsArg(1)))
		xsmcSetStringBuffer(xsResult, (char *)bytes, length);
	else
		xsmcSetArrayBuffer(xsResult, bytes, length);
	free(bytes);
}

/* Path of this program. */
void lin_program(xsMachine *the)
{
	char name[PATH_LENGTH];
	ssize_t length = readlink("/proc/self/exe", name, sizeof(name) - 1);
	if (length < 0)
		lin_failed(the);
	name[length] = 0;
	xsmcSetString(xsResult, name);
}

/* Number of this process. */
void lin_process(xsMachine *the)
{
	xsmcSetInteger(xsResult, getpid());
}
