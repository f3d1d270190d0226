/* Calls JavaScript when a descriptor can be read or written, from the main loop of GLib. */
#include <glib.h>
#include <glib-unix.h>

#include "xs.h"
#include "mc.xs.h"

/* As in hal/lin/descriptor.ts. */
enum { READABLE = 1, WRITABLE = 2 };

typedef struct {
	xsMachine *the;
	xsSlot callback;
} Watch;

static gboolean dispatch(gint fd, GIOCondition condition, gpointer data)
{
	Watch *watch = data;
	int events = 0;
	/* An error or the end shows with the next read or write. */
	if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
		events |= READABLE;
	if (condition & (G_IO_OUT | G_IO_ERR))
		events |= WRITABLE;
	xsBeginHost(watch->the);
	xsCallFunction1(watch->callback, xsGlobal, xsInteger(events));
	xsEndHost(watch->the);
	return G_SOURCE_CONTINUE;
}

static void forget(gpointer data)
{
	Watch *watch = data;
	xsMachine *the = watch->the;
	xsForget(watch->callback);
	g_free(watch);
}

/* (descriptor, events, callback): number of the watch. */
void lin_watch(xsMachine *the)
{
	int events = xsToInteger(xsArg(1));
	GIOCondition condition = (events & READABLE ? G_IO_IN | G_IO_HUP : 0) | (events & WRITABLE ? G_IO_OUT : 0) | G_IO_ERR;
	Watch *watch = g_new0(Watch, 1);
	watch->the = the;
	watch->callback = xsArg(2);
	xsRemember(watch->callback);
	guint number = g_unix_fd_add_full(G_PRIORITY_DEFAULT, xsToInteger(xsArg(0)), condition, dispatch, watch, forget);
	xsResult = xsInteger(number);
}

/* (number) */
void lin_unwatch(xsMachine *the)
{
	g_source_remove(xsToInteger(xsArg(0)));
}
