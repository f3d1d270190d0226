/*
	Counts one edge of one pin with a pulse counter unit (ESP-IDF v6.0, driver/pulse_cnt.h).

	The SDK's PulseCount decodes two signals in quadrature: with one signal its count goes up and down again with each pulse. It also clears the unit after
	each reading, which loses the pulses in between. Here the driver adds up the overflows of the unit, and nothing is cleared. There is no interrupt for each pulse:
	while the flash is erased interrupts wait, and several pulses would become one.
*/

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"
#include "builtinCommon.h"

#include "driver/gpio.h"
#include "driver/pulse_cnt.h"

/* Limits of the unit; at the upper one the driver's interrupt adds 32767 to its sum. */
#define HIGH_LIMIT (32767)
#define LOW_LIMIT (-32768)

enum {
	kPullNone = 0,
	kPullUp = 1,
	kPullDown = 2,
};

typedef struct {
	xsSlot obj;
	int signal;
	pcnt_unit_handle_t unit;
	pcnt_channel_handle_t channel;
} PulseRecord, *Pulse;

static int getInteger(xsMachine *the, xsIdentifier id)
{
	xsmcGet(xsVar(0), xsArg(0), id);
	return xsmcToInteger(xsVar(0));
}

static void release(Pulse pulse)
{
	if (pulse->unit) {
		pcnt_unit_stop(pulse->unit);
		pcnt_unit_disable(pulse->unit);
		if (pulse->channel)
			pcnt_del_channel(pulse->channel);
		pcnt_del_unit(pulse->unit);
	}
	c_free(pulse);
}

/* Gives what went wrong; NULL when all is well. */
static const char *startUnit(Pulse pulse, int filter, int rising)
{
	pcnt_unit_config_t unitConfig = {
		.low_limit = LOW_LIMIT,
		.high_limit = HIGH_LIMIT,
		.flags.accum_count = true,
	};
	pcnt_chan_config_t channelConfig = {
		.edge_gpio_num = pulse->signal,
		.level_gpio_num = -1,
	};
	pcnt_glitch_filter_config_t filterConfig = {
		.max_glitch_ns = filter,
	};

	if (ESP_OK != pcnt_new_unit(&unitConfig, &pulse->unit))
		return "no free counter";
	if (ESP_OK != pcnt_unit_set_glitch_filter(pulse->unit, filter ? &filterConfig : NULL))
		return "filter";
	if (ESP_OK != pcnt_new_channel(pulse->unit, &channelConfig, &pulse->channel))
		return "no free channel";

	pcnt_channel_set_edge_action(pulse->channel,
		rising ? PCNT_CHANNEL_EDGE_ACTION_INCREASE : PCNT_CHANNEL_EDGE_ACTION_HOLD,
		rising ? PCNT_CHANNEL_EDGE_ACTION_HOLD : PCNT_CHANNEL_EDGE_ACTION_INCREASE);
	pcnt_channel_set_level_action(pulse->channel, PCNT_CHANNEL_LEVEL_ACTION_KEEP, PCNT_CHANNEL_LEVEL_ACTION_KEEP);

	if (ESP_OK != pcnt_unit_add_watch_point(pulse->unit, HIGH_LIMIT))
		return "watch point";
	if (ESP_OK != pcnt_unit_enable(pulse->unit))
		return "enable";
	/* The limits count from here on. */
	pcnt_unit_clear_count(pulse->unit);
	return (ESP_OK == pcnt_unit_start(pulse->unit)) ? NULL : "start";
}

void xs_ferraris_pulse_constructor(xsMachine *the)
{
	Pulse pulse;
	const char *fault;

	xsmcVars(1);
	int signal = getInteger(the, xsID_signal);
	int rising = getInteger(the, xsID_rising);
	int pull = getInteger(the, xsID_pull);
	int filter = getInteger(the, xsID_filter);

	if ((signal < 0) || (signal >= GPIO_NUM_MAX) || !builtinIsPinFree(signal))
		xsUnknownError("in use");

	pulse = c_calloc(1, sizeof(PulseRecord));
	if (!pulse)
		xsUnknownError("no memory");
	pulse->signal = signal;

	fault = startUnit(pulse, filter, rising);
	if (fault) {
		/* A unit that was never enabled cannot be stopped, which the driver only reports. */
		release(pulse);
		if (!c_strcmp(fault, "filter"))
			xsRangeError("filter");
		xsUnknownError("%s", fault);
	}

	gpio_set_pull_mode(signal, (kPullUp == pull) ? GPIO_PULLUP_ONLY : (kPullDown == pull) ? GPIO_PULLDOWN_ONLY : GPIO_FLOATING);
	builtinUsePin(signal);

	pulse->obj = xsThis;
	xsmcSetHostData(xsThis, pulse);
	xsRemember(pulse->obj);
}

void xs_ferraris_pulse_destructor(void *data)
{
	Pulse pulse = data;
	if (!pulse)
		return;

	int signal = pulse->signal;
	release(pulse);
	gpio_reset_pin(signal);
	builtinFreePin(signal);
}

void xs_ferraris_pulse_close(xsMachine *the)
{
	Pulse pulse = xsmcGetHostData(xsThis);
	if (pulse && xsmcGetHostDataValidate(xsThis, xs_ferraris_pulse_destructor)) {
		xsForget(pulse->obj);
		xs_ferraris_pulse_destructor(pulse);
		xsmcSetHostData(xsThis, NULL);
		xsmcSetHostDestructor(xsThis, NULL);
	}
}

void xs_ferraris_pulse_read(xsMachine *the)
{
	Pulse pulse = xsmcGetHostDataValidate(xsThis, xs_ferraris_pulse_destructor);
	int count = 0;

	pcnt_unit_get_count(pulse->unit, &count);
	xsmcSetInteger(xsResult, count);
}
