/*
	SPI on the master driver of ESP-IDF (v6.0, driver/spi_master.h): several peripherals on a bus, several buses, the chip select around each call.

	The SDK's SPI initialises a bus for the first of its instances only: one on a second bus fails, and takes the buffers of the first with it. A pin can be in one
	instance, so two cannot share a bus either, and the chip select stays asserted until another instance moves bytes.
*/

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"
#include "builtinCommon.h"

#include "driver/gpio.h"
#include "driver/spi_master.h"

#define NO_PIN (-1)
/* Transfers that fit into the descriptor need no memory for DMA. */
#define INLINE_BYTES (4)

typedef struct {
	int clock;
	int in;
	int out;
	int uses;
} SPIBusRecord, *SPIBus;

typedef struct {
	xsSlot obj;
	spi_device_handle_t device;
	int port;
	int select;
} SPIRecord, *SPI;

static SPIBusRecord gBuses[SPI_HOST_MAX];

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
	if (!builtinIsPinFree(pin))
		xsUnknownError("in use");
}

static void usePin(int pin)
{
	if (NO_PIN != pin)
		builtinUsePin(pin);
}

static void freePin(int pin)
{
	if (NO_PIN != pin) {
		gpio_reset_pin(pin);
		builtinFreePin(pin);
	}
}

static void releaseBus(int port)
{
	SPIBus bus = &gBuses[port];

	if (--bus->uses)
		return;
	spi_bus_free(port);
	freePin(bus->clock);
	freePin(bus->in);
	freePin(bus->out);
}

/* The bus with these pins, whether or not somebody else has it already. */
static void takeBus(xsMachine *the, int port, int clock, int in, int out)
{
	SPIBus bus = &gBuses[port];

	if (bus->uses) {
		if ((bus->clock != clock) || (bus->in != in) || (bus->out != out))
			xsUnknownError("port in use");
		bus->uses++;
		return;
	}

	checkPin(the, clock);
	checkPin(the, in);
	checkPin(the, out);
	spi_bus_config_t config = {
		.sclk_io_num = clock,
		.miso_io_num = in,
		.mosi_io_num = out,
		.quadwp_io_num = NO_PIN,
		.quadhd_io_num = NO_PIN,
		.data4_io_num = NO_PIN,
		.data5_io_num = NO_PIN,
		.data6_io_num = NO_PIN,
		.data7_io_num = NO_PIN,
	};
	if (ESP_OK != spi_bus_initialize(port, &config, SPI_DMA_CH_AUTO))
		xsUnknownError("no bus");
	bus->clock = clock;
	bus->in = in;
	bus->out = out;
	bus->uses = 1;
	usePin(clock);
	usePin(in);
	usePin(out);
}

void xs_ferraris_spi_constructor(xsMachine *the)
{
	xsmcVars(1);
	int port = getInteger(the, xsID_port, SPI2_HOST);
	int select = getInteger(the, xsID_select, NO_PIN);
	spi_device_interface_config_t config = {
		.mode = getInteger(the, xsID_mode, 0) & 3,
		.clock_speed_hz = getInteger(the, xsID_hz, 0),
		.spics_io_num = select,
		.flags = getInteger(the, xsID_active, 0) ? SPI_DEVICE_POSITIVE_CS : 0,
		.queue_size = 1,
	};

	if ((port < SPI2_HOST) || (port >= SPI_HOST_MAX))
		xsRangeError("port");
	checkPin(the, select);
	takeBus(the, port, getInteger(the, xsID_clock, NO_PIN), getInteger(the, xsID_in, NO_PIN), getInteger(the, xsID_out, NO_PIN));

	SPI spi = c_calloc(1, sizeof(SPIRecord));
	if (!spi || (ESP_OK != spi_bus_add_device(port, &config, &spi->device))) {
		c_free(spi);
		releaseBus(port);
		xsUnknownError("no device");
	}
	usePin(select);
	spi->port = port;
	spi->select = select;
	spi->obj = xsThis;
	xsmcSetHostData(xsThis, spi);
	xsRemember(spi->obj);
}

void xs_ferraris_spi_destructor(void *data)
{
	SPI spi = data;
	if (!spi)
		return;
	spi_bus_remove_device(spi->device);
	freePin(spi->select);
	releaseBus(spi->port);
	c_free(spi);
}

void xs_ferraris_spi_close(xsMachine *the)
{
	SPI spi = xsmcGetHostData(xsThis);
	if (spi && xsmcGetHostDataValidate(xsThis, xs_ferraris_spi_destructor)) {
		xsForget(spi->obj);
		xs_ferraris_spi_destructor(spi);
		xsmcSetHostData(xsThis, NULL);
		xsmcSetHostDestructor(xsThis, NULL);
	}
}

/* `in` may be NULL. */
static void move(xsMachine *the, SPI spi, void *out, void *in, xsUnsignedValue length)
{
	spi_transaction_t transaction = { .length = 8 * length };

	if (!length)
		return;
	if (length <= INLINE_BYTES) {
		transaction.flags = SPI_TRANS_USE_TXDATA | (in ? SPI_TRANS_USE_RXDATA : 0);
		c_memcpy(transaction.tx_data, out, length);
	} else {
		transaction.tx_buffer = out;
		transaction.rx_buffer = in;
	}
	if (ESP_OK != spi_device_polling_transmit(spi->device, &transaction))
		xsUnknownError("SPI failed");
	if (in && (length <= INLINE_BYTES))
		c_memcpy(in, transaction.rx_data, length);
}

void xs_ferraris_spi_transfer(xsMachine *the)
{
	SPI spi = xsmcGetHostDataValidate(xsThis, xs_ferraris_spi_destructor);
	void *buffer;
	xsUnsignedValue length;

	xsmcGetBufferWritable(xsArg(0), &buffer, &length);
	move(the, spi, buffer, buffer, length);
}

void xs_ferraris_spi_write(xsMachine *the)
{
	SPI spi = xsmcGetHostDataValidate(xsThis, xs_ferraris_spi_destructor);
	void *buffer;
	xsUnsignedValue length;

	xsmcGetBufferReadable(xsArg(0), &buffer, &length);
	move(the, spi, buffer, NULL, length);
}
