/*
	A UART with every format of a meter's serial lines, on the driver of ESP-IDF (v6.0, driver/uart.h): 7 or 8 data bits, parity, 1 or 2 stop bits, RS-485 half
	duplex with a pin that enables the line driver, a ring buffer in each direction.

	The SDK's Serial is 8N1 without buffers: at 115200 baud its FIFO of 128 bytes is full after 11 ms, in which the meter may be computing.

	A task of its own waits for the events of the driver and posts them to the engine. It owns the driver until it ends: close() tells it to end, and a constructor
	that finds the port or a pin still taken waits a little for that.
*/

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"
#include "builtinCommon.h"

#include "driver/gpio.h"
#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

#define RECEIVE_BYTES (1024)
#define TRANSMIT_BYTES (1024)
#define EVENTS (16)
#define TASK_STACK (2048 + XT_STACK_EXTRA_CLIB)
/* Above that of the engine (4), so that bytes move while it computes. */
#define TASK_PRIORITY (5)
/* While there was no room: how often it is looked for. */
#define ROOM_MS (5)
#define CLOSE_WAIT_MS (100)
#define NO_PIN (-1)

enum {
	kReadable = 1,
	kWritable = 2,
	kOverrun = 4,
	kDamaged = 8,
};

typedef struct UARTRecord {
	struct UARTRecord *next;
	xsSlot obj;
	xsMachine *the;
	xsSlot *onReadable;
	xsSlot *onWritable;
	xsSlot *onError;
	QueueHandle_t events;
	int pins[3];
	uint8_t port;
	/* Shared by the tasks, under the SDK's critical section. */
	volatile uint8_t uses;
	volatile uint8_t pending;
	volatile uint8_t posted;
	volatile uint8_t wantsRoom;
	volatile uint8_t closing;
	volatile uint8_t ended;
} UARTRecord, *UART;

/* Closed ones whose task has not ended; touched by the engine's task only. */
static UART gEnding;

static void xs_ferraris_uart_mark(xsMachine *the, void *it, xsMarkRoot markRoot);
static void uartDeliver(void *theIn, void *refcon, uint8_t *message, uint16_t messageLength);

static const xsHostHooks ICACHE_RODATA_ATTR xsUARTHooks = {
	xs_ferraris_uart_destructor,
	xs_ferraris_uart_mark,
	NULL
};

/* The engine and the task hold the record together, until the task has ended, and so does a message on its way. */
static void drop(UART uart)
{
	builtinCriticalSectionBegin();
	uint8_t left = --uart->uses;
	builtinCriticalSectionEnd();
	if (!left)
		c_free(uart);
}

/* Lets go of what closed ones still hold, once their tasks have ended. */
static void reap(void)
{
	UART *link = &gEnding;

	while (*link) {
		UART uart = *link;
		if (!uart->ended) {
			link = &uart->next;
			continue;
		}
		*link = uart->next;
		for (int i = 0; i < 3; i++) {
			if (NO_PIN != uart->pins[i]) {
				gpio_reset_pin(uart->pins[i]);
				builtinFreePin(uart->pins[i]);
			}
		}
		drop(uart);
	}
}

static void uartEnded(void *the, void *refcon, uint8_t *message, uint16_t messageLength)
{
	reap();
}

static void post(UART uart, uint8_t what)
{
	builtinCriticalSectionBegin();
	uart->pending |= what;
	uint8_t first = !uart->posted;
	if (first) {
		uart->posted = 1;
		uart->uses++;
	}
	builtinCriticalSectionEnd();

	if (first && modMessagePostToMachine(uart->the, NULL, 0, uartDeliver, uart)) {
		/* The queue of the engine is full: what is pending goes with the next event. */
		builtinCriticalSectionBegin();
		uart->posted = 0;
		builtinCriticalSectionEnd();
		drop(uart);
	}
}

static uint8_t meaningOf(const uart_event_t *event)
{
	switch (event->type) {
		case UART_DATA:
		case UART_BREAK:
		/* Nothing is lost yet: the FIFO still takes bytes. */
		case UART_BUFFER_FULL:
			return kReadable;
		case UART_FIFO_OVF:
			return kReadable | kOverrun;
		case UART_PARITY_ERR:
		case UART_FRAME_ERR:
			return kDamaged;
		default:
			return 0;
	}
}

static void uartTask(void *refcon)
{
	UART uart = refcon;
	size_t room;

	while (!uart->closing) {
		uart_event_t event;
		uint8_t what = 0;

		if (pdTRUE == xQueueReceive(uart->events, &event, uart->wantsRoom ? pdMS_TO_TICKS(ROOM_MS) : portMAX_DELAY))
			what = meaningOf(&event);
		if (uart->closing)
			break;

		if (uart->wantsRoom && (ESP_OK == uart_get_tx_buffer_free_size(uart->port, &room)) && (room >= TRANSMIT_BYTES / 2)) {
			uart->wantsRoom = 0;
			what |= kWritable;
		}
		if (what || (uart->pending && !uart->posted))
			post(uart, what);
	}

	/* What was written still goes out. */
	uart_wait_tx_done(uart->port, pdMS_TO_TICKS(CLOSE_WAIT_MS / 2));
	uart_driver_delete(uart->port);
	xsMachine *the = uart->the;
	uart->ended = 1;
	while (modMessagePostToMachine(the, NULL, 0, uartEnded, NULL))
		vTaskDelay(pdMS_TO_TICKS(10));
	vTaskDelete(NULL);
}

/* Has the task look at the record. */
static void wake(UART uart)
{
	uart_event_t event = { .type = UART_EVENT_MAX };
	xQueueSend(uart->events, &event, 0);
}

static int getInteger(xsMachine *the, xsIdentifier id, int missing)
{
	if (!xsmcHas(xsArg(0), id))
		return missing;
	xsmcGet(xsVar(0), xsArg(0), id);
	return xsmcToInteger(xsVar(0));
}

static void checkPin(xsMachine *the, int pin)
{
	if (NO_PIN == pin)
		return;
	if ((pin < 0) || (pin >= GPIO_NUM_MAX))
		xsRangeError("pin");
	for (int waited = 0; !builtinIsPinFree(pin); waited++) {
		if (!gEnding || (waited >= CLOSE_WAIT_MS))
			xsUnknownError("in use");
		vTaskDelay(pdMS_TO_TICKS(1));
		reap();
	}
}

/* Gives what went wrong; NULL when all is well. */
static const char *installDriver(UART uart, const uart_config_t *config, QueueHandle_t *events)
{
	int port = uart->port;

	if (ESP_OK != uart_driver_install(port, RECEIVE_BYTES, TRANSMIT_BYTES, EVENTS, events, 0))
		return "no driver";
	if (ESP_OK != uart_param_config(port, config))
		return "format";
	if (ESP_OK != uart_set_pin(port, uart->pins[0], uart->pins[1], uart->pins[2], UART_PIN_NO_CHANGE))
		return "pins";
	/* The driver raises RTS while it sends, which enables the line driver. */
	if ((NO_PIN != uart->pins[2]) && (ESP_OK != uart_set_mode(port, UART_MODE_RS485_HALF_DUPLEX)))
		return "RS-485";
	return NULL;
}

void xs_ferraris_uart_constructor(xsMachine *the)
{
	xsmcVars(1);
	int port = getInteger(the, xsID_port, 1);
	int parity = getInteger(the, xsID_parity, 0);
	uart_config_t config = {
		.baud_rate = getInteger(the, xsID_baud, 0),
		.data_bits = (7 == getInteger(the, xsID_bits, 8)) ? UART_DATA_7_BITS : UART_DATA_8_BITS,
		.parity = (1 == parity) ? UART_PARITY_EVEN : (2 == parity) ? UART_PARITY_ODD : UART_PARITY_DISABLE,
		.stop_bits = (2 == getInteger(the, xsID_stop, 1)) ? UART_STOP_BITS_2 : UART_STOP_BITS_1,
		.flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
		.source_clk = UART_SCLK_DEFAULT,
	};
	int pins[3] = {
		getInteger(the, xsID_transmit, NO_PIN),
		getInteger(the, xsID_receive, NO_PIN),
		getInteger(the, xsID_driverEnable, NO_PIN),
	};

	if ((port < 0) || (port >= UART_NUM_MAX))
		xsRangeError("port");
	for (int i = 0; i < 3; i++)
		checkPin(the, pins[i]);
	for (int waited = 0; uart_is_driver_installed(port); waited++) {
		if (!gEnding || (waited >= CLOSE_WAIT_MS))
			xsUnknownError("port in use");
		vTaskDelay(pdMS_TO_TICKS(1));
		reap();
	}

	UART uart = c_calloc(1, sizeof(UARTRecord));
	if (!uart)
		xsUnknownError("no memory");
	uart->the = the;
	uart->port = port;
	c_memcpy(uart->pins, pins, sizeof(pins));
	uart->uses = 1;
	uart->wantsRoom = 1;
	uart->onReadable = builtinGetCallback(the, xsID_onReadable);
	uart->onWritable = builtinGetCallback(the, xsID_onWritable);
	uart->onError = builtinGetCallback(the, xsID_onError);

	const char *fault = installDriver(uart, &config, &uart->events);
	if (!fault && (pdPASS != xTaskCreate(uartTask, "uart", TASK_STACK, uart, TASK_PRIORITY, NULL)))
		fault = "no task";
	if (fault) {
		if (uart_is_driver_installed(port))
			uart_driver_delete(port);
		c_free(uart);
		xsUnknownError("%s", fault);
	}

	for (int i = 0; i < 3; i++) {
		if (NO_PIN != pins[i])
			builtinUsePin(pins[i]);
	}
	uart->obj = xsThis;
	xsmcSetHostData(xsThis, uart);
	xsSetHostHooks(xsThis, (xsHostHooks *)&xsUARTHooks);
	xsRemember(uart->obj);
}

void xs_ferraris_uart_destructor(void *data)
{
	UART uart = data;
	if (!uart)
		return;
	uart->next = gEnding;
	gEnding = uart;
	uart->closing = 1;
	wake(uart);
}

void xs_ferraris_uart_mark(xsMachine *the, void *it, xsMarkRoot markRoot)
{
	UART uart = it;
	if (uart->onReadable)
		(*markRoot)(the, uart->onReadable);
	if (uart->onWritable)
		(*markRoot)(the, uart->onWritable);
	if (uart->onError)
		(*markRoot)(the, uart->onError);
}

void xs_ferraris_uart_close(xsMachine *the)
{
	UART uart = xsmcGetHostData(xsThis);
	if (uart && xsmcGetHostDataValidate(xsThis, (void *)&xsUARTHooks)) {
		xsForget(uart->obj);
		xs_ferraris_uart_destructor(uart);
		xsmcSetHostData(xsThis, NULL);
		xsmcSetHostDestructor(xsThis, NULL);
	}
}

static int readableBytes(UART uart)
{
	size_t count = 0;
	uart_get_buffered_data_len(uart->port, &count);
	return (int)count;
}

static int writableBytes(UART uart)
{
	size_t count = 0;
	uart_get_tx_buffer_free_size(uart->port, &count);
	return (int)count;
}

void xs_ferraris_uart_get_readable(xsMachine *the)
{
	UART uart = xsmcGetHostDataValidate(xsThis, (void *)&xsUARTHooks);
	xsmcSetInteger(xsResult, readableBytes(uart));
}

void xs_ferraris_uart_get_writable(xsMachine *the)
{
	UART uart = xsmcGetHostDataValidate(xsThis, (void *)&xsUARTHooks);
	xsmcSetInteger(xsResult, writableBytes(uart));
}

void xs_ferraris_uart_read(xsMachine *the)
{
	UART uart = xsmcGetHostDataValidate(xsThis, (void *)&xsUARTHooks);
	void *buffer;
	xsUnsignedValue length;
	int count = 0;

	xsmcGetBufferWritable(xsArg(0), &buffer, &length);
	if (length)
		count = uart_read_bytes(uart->port, buffer, length, 0);
	xsmcSetInteger(xsResult, (count > 0) ? count : 0);
}

void xs_ferraris_uart_write(xsMachine *the)
{
	UART uart = xsmcGetHostDataValidate(xsThis, (void *)&xsUARTHooks);
	void *buffer;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(0), &buffer, &length);
	if ((int)length > writableBytes(uart))
		xsRangeError("output full");
	if (length)
		uart_write_bytes(uart->port, buffer, length);

	uart->wantsRoom = 1;
	wake(uart);
}

void uartDeliver(void *theIn, void *refcon, uint8_t *message, uint16_t messageLength)
{
	xsMachine *the = theIn;
	UART uart = refcon;

	builtinCriticalSectionBegin();
	uint8_t what = uart->pending;
	uart->pending = 0;
	uart->posted = 0;
	builtinCriticalSectionEnd();

	/* A callback may close. */
	if (!uart->closing) {
		xsBeginHost(the);
		xsmcVars(1);
		if ((what & (kOverrun | kDamaged)) && uart->onError) {
			xsmcSetString(xsVar(0), (what & kOverrun) ? "overrun" : "damaged byte");
			xsCallFunction1(xsReference(uart->onError), uart->obj, xsVar(0));
		}
		if ((what & kReadable) && !uart->closing && uart->onReadable && readableBytes(uart)) {
			xsmcSetInteger(xsVar(0), readableBytes(uart));
			xsCallFunction1(xsReference(uart->onReadable), uart->obj, xsVar(0));
		}
		if ((what & kWritable) && !uart->closing && uart->onWritable) {
			xsmcSetInteger(xsVar(0), writableBytes(uart));
			xsCallFunction1(xsReference(uart->onWritable), uart->obj, xsVar(0));
		}
		xsEndHost(the);
	}

	drop(uart);
}
