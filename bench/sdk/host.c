/* Runs the firmware's work in one XS machine and tells how much of its memory is in use. */
#include <sys/time.h>

#include "xsAll.h"
#include "xsScript.h"
#include "xs.h"
#include "mc.xs.h"

void fxQueuePromiseJobs(txMachine *the)
{
	the->promises = 1;
}

/* Slots that are in use. */
void budget_slots(xsMachine *the)
{
	xsResult = xsInteger(the->currentHeapCount);
}

/* Bytes of chunks that are in use. */
void budget_chunks(xsMachine *the)
{
	xsResult = xsInteger(the->currentChunksSize);
}

/* Throws away what nobody needs. The heap is so large that this happens at no other time. */
void budget_collect(xsMachine *the)
{
	fxCollectGarbage(the);
}

/* (text): a line of output. */
void budget_print(xsMachine *the)
{
	printf("%s\n", xsToString(xsArg(0)));
}

int main(void)
{
	xsMachine *the = xsPrepareMachine(NULL, xsPreparation(), "budget", NULL, NULL);
	if (!the)
		return 70;
	int status = 0;
	xsBeginHost(the);
	xsTry {
		xsAwaitImport(((txPreparation *)xsPreparation())->main, XS_IMPORT_NAMESPACE);
	}
	xsCatch {
		fprintf(stderr, "%s\n", xsToString(xsException));
		status = 70;
	}
	xsEndHost(the);
	return status;
}
