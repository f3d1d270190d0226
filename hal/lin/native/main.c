/* The program around the firmware: one XS machine, a GLib main loop, and the end of both. */
#include <glib.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xsAll.h"
#include "mc.xs.h"

static GMainLoop *gLoop;
static int gExit = -1;
static int gCount;
static char **gWords;
/* What a signal calls; kept from the collector. */
static xsSlot gStop;
static gboolean gStopSet;

/* XS gives up: out of memory, an exception that nobody caught. */
void fxAbort(txMachine *the, int status)
{
	txString why = fxAbortString(status);
	if (the && (status == XS_UNHANDLED_EXCEPTION_EXIT || status == XS_UNHANDLED_REJECTION_EXIT)) {
		xsBeginHost(the);
		xsVars(1);
		xsTry {
			xsVar(0) = xsGet(xsException, xsID("stack"));
			if (!xsTest(xsVar(0)))
				xsVar(0) = xsException;
			fprintf(stderr, "%s\n", xsToString(xsVar(0)));
		}
		xsCatch {
		}
		xsEndHost(the);
	}
	fprintf(stderr, "XS abort: %s\n", why ? why : "unknown");
	fflush(NULL);
	/* Without a farewell: the flash file has everything that counts. */
	_exit(70);
}

static gboolean ended(gpointer data)
{
	xsMachine *the = data;
	if (!gStopSet)
		_exit(130);
	gStopSet = FALSE;
	xsBeginHost(the);
	xsCallFunction0(gStop, xsGlobal);
	xsEndHost(the);
	return G_SOURCE_CONTINUE;
}

/* Words of the command line, without the name of the program. */
void lin_arguments(xsMachine *the)
{
	xsResult = xsNewArray(0);
	for (int i = 1; i < gCount; i++)
		xsSetIndex(xsResult, i - 1, xsString(gWords[i]));
}

/* (callback): called at SIGINT or SIGTERM, once; the next signal ends the program at once. */
void lin_onSignal(xsMachine *the)
{
	gStop = xsArg(0);
	xsRemember(gStop);
	gStopSet = TRUE;
}

/* (status): ends the main loop, which may not run yet. */
void lin_exit(xsMachine *the)
{
	gExit = xsToInteger(xsArg(0));
	g_main_loop_quit(gLoop);
}

/* (text, toErrors): one line. */
void lin_print(xsMachine *the)
{
	FILE *file = xsTest(xsArg(1)) ? stderr : stdout;
	fprintf(file, "%s\n", xsToString(xsArg(0)));
	fflush(file);
}

/* Milliseconds of a clock that nobody sets. */
void lin_ticks(xsMachine *the)
{
	xsResult = xsNumber((double)g_get_monotonic_time() / 1000.0);
}

static int status(txMachine *the, GMainLoop *loop)
{
	xsBeginHost(the);
	xsTry {
		xsAwaitImport(((txPreparation *)xsPreparation())->main, XS_IMPORT_NAMESPACE);
	}
	xsCatch {
		xsVars(1);
		xsVar(0) = xsGet(xsException, xsID("stack"));
		fprintf(stderr, "%s\n%s\n", xsToString(xsException), xsTest(xsVar(0)) ? xsToString(xsVar(0)) : "");
		gExit = 70;
	}
	xsEndHost(the);
	if (gExit < 0)
		g_main_loop_run(loop);
	return gExit;
}

int main(int argc, char *argv[])
{
	gCount = argc;
	gWords = argv;
	/* A peer that is gone is told by the write. */
	signal(SIGPIPE, SIG_IGN);
	gLoop = g_main_loop_new(NULL, FALSE);
	xsMachine *the = xsPrepareMachine(NULL, xsPreparation(), "ferraris", NULL, NULL);
	if (!the) {
		fprintf(stderr, "no memory for the machine\n");
		return 70;
	}
	g_unix_signal_add(SIGINT, ended, the);
	g_unix_signal_add(SIGTERM, ended, the);
	int result = status(the, gLoop);
	fflush(NULL);
	return result;
}
