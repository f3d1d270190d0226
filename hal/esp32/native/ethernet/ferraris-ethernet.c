/*
	The Ethernet controller of the ESP32 with a PHY at RMII, on the driver of ESP-IDF (v6.0, esp_eth.h), with DHCP.

	The SDK's Ethernet takes the reference clock at GPIO0 always: since v6.0 of ESP-IDF it is a parameter, and no longer a setting of the project. It tells of an address only
	once there is one of IPv6 as well, and its pins stand in a manifest, where nothing compares them with those of other parts.

	There is one controller. It runs until the next reset; close() stops the telling only.
*/

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"
#include "builtinCommon.h"

#include "driver/gpio.h"
#include "esp_eth.h"
#include "esp_event.h"
#include "esp_mac.h"
#include "esp_netif.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#define NO_PIN (-1)
/* An oscillator that is switched on beside the PHY needs some milliseconds; the controller does not start without its clock. */
#define POWER_OFF_MS (20)
#define POWER_ON_MS (100)
#define ADDRESS_MAX (16)
#define PINS (4)

typedef struct {
	xsSlot obj;
	xsSlot *onChanged;
} EthernetRecord, *Ethernet;

static esp_netif_t *gNetif;
static xsMachine *gMachine;
/* Touched by the engine's task only. */
static Ethernet gEthernet;
/* Set by the task of the events. */
static volatile uint8_t gReachable;

static void xs_ferraris_ethernet_mark(xsMachine *the, void *it, xsMarkRoot markRoot);

static const xsHostHooks ICACHE_RODATA_ATTR xsEthernetHooks = {
	xs_ferraris_ethernet_destructor,
	xs_ferraris_ethernet_mark,
	NULL
};

static int getInteger(xsMachine *the, xsIdentifier id, int missing)
{
	if (!xsmcHas(xsArg(0), id))
		return missing;
	xsmcGet(xsVar(0), xsArg(0), id);
	return xsmcToInteger(xsVar(0));
}

static void checkPins(xsMachine *the, const int *pins)
{
	for (int i = 0; i < PINS; i++) {
		if (NO_PIN == pins[i])
			continue;
		if ((pins[i] < 0) || (pins[i] >= GPIO_NUM_MAX))
			xsRangeError("pin");
		if (!builtinIsPinFree(pins[i]))
			xsUnknownError("in use");
	}
}

static void deliver(void *theIn, void *refcon, uint8_t *message, uint16_t messageLength)
{
	xsMachine *the = theIn;

	if (!gEthernet || !gEthernet->onChanged)
		return;
	xsBeginHost(the);
	xsCallFunction0(xsReference(gEthernet->onChanged), gEthernet->obj);
	xsEndHost(the);
}

static void tell(uint8_t reachable)
{
	gReachable = reachable;
	/* A queue that is full would lose it: the last word counts. */
	while (modMessagePostToMachine(gMachine, NULL, 0, deliver, NULL))
		vTaskDelay(pdMS_TO_TICKS(10));
}

static void onEthernet(void *context, esp_event_base_t base, int32_t id, void *data)
{
	if (ETHERNET_EVENT_DISCONNECTED == id)
		tell(0);
}

static void onAddress(void *context, esp_event_base_t base, int32_t id, void *data)
{
	tell(1);
}

static void powerOn(int pin)
{
	if (NO_PIN == pin)
		return;
	gpio_set_direction(pin, GPIO_MODE_OUTPUT);
	gpio_set_level(pin, 0);
	vTaskDelay(pdMS_TO_TICKS(POWER_OFF_MS));
	gpio_set_level(pin, 1);
	vTaskDelay(pdMS_TO_TICKS(POWER_ON_MS));
}

/* Gives what went wrong; NULL when all is well. */
static const char *startDriver(const eth_esp32_emac_config_t *controller, const eth_phy_config_t *transceiver)
{
	eth_mac_config_t common = ETH_MAC_DEFAULT_CONFIG();
	esp_eth_mac_t *mac = esp_eth_mac_new_esp32(controller, &common);
	esp_eth_phy_t *phy = esp_eth_phy_new_generic(transceiver);
	esp_eth_handle_t driver = NULL;
	uint8_t address[6];

	if (!mac || !phy)
		return "no memory";
	esp_eth_config_t config = ETH_DEFAULT_CONFIG(mac, phy);
	if (ESP_OK != esp_eth_driver_install(&config, &driver)) {
		mac->del(mac);
		phy->del(phy);
		return "no PHY, or no clock from it";
	}
	esp_read_mac(address, ESP_MAC_ETH);
	mac->set_addr(mac, address);
	if (ESP_OK != esp_netif_attach(gNetif, esp_eth_new_netif_glue(driver)))
		return "no interface";
	esp_event_handler_instance_register(ETH_EVENT, ESP_EVENT_ANY_ID, onEthernet, NULL, NULL);
	esp_event_handler_instance_register(IP_EVENT, IP_EVENT_ETH_GOT_IP, onAddress, NULL, NULL);
	/* Sockets ask for it before there is a cable. */
	esp_netif_set_default_netif(gNetif);
	return (ESP_OK == esp_eth_start(driver)) ? NULL : "no start";
}

static void startInterface(xsMachine *the)
{
	int clockOut = getInteger(the, xsID_clockOut, NO_PIN);
	int power = getInteger(the, xsID_power, NO_PIN);
	eth_esp32_emac_config_t controller = {
		.smi_gpio = {
			.mdc_num = getInteger(the, xsID_management, NO_PIN),
			.mdio_num = getInteger(the, xsID_managementData, NO_PIN),
		},
		.interface = EMAC_DATA_INTERFACE_RMII,
		.clock_config = {
			.rmii = {
				.clock_mode = (NO_PIN == clockOut) ? EMAC_CLK_EXT_IN : EMAC_CLK_OUT,
				.clock_gpio = (NO_PIN == clockOut) ? GPIO_NUM_0 : clockOut,
			},
		},
		.dma_burst_len = ETH_DMA_BURST_LEN_32,
	};
	eth_phy_config_t transceiver = ETH_PHY_DEFAULT_CONFIG();
	const char *fault;

	transceiver.phy_addr = getInteger(the, xsID_address, 0);
	transceiver.reset_gpio_num = NO_PIN;
	int pins[PINS] = { controller.smi_gpio.mdc_num, controller.smi_gpio.mdio_num, power, controller.clock_config.rmii.clock_gpio };
	checkPins(the, pins);

	if (ESP_OK != esp_netif_init())
		xsUnknownError("no network stack");
	esp_err_t loop = esp_event_loop_create_default();
	if ((ESP_OK != loop) && (ESP_ERR_INVALID_STATE != loop))
		xsUnknownError("no events");
	esp_netif_config_t config = ESP_NETIF_DEFAULT_ETH();
	gNetif = esp_netif_new(&config);
	if (!gNetif)
		xsUnknownError("no memory");
	if (xsmcHas(xsArg(0), xsID_hostname)) {
		xsmcGet(xsVar(0), xsArg(0), xsID_hostname);
		esp_netif_set_hostname(gNetif, xsmcToString(xsVar(0)));
	}
	gMachine = the;
	powerOn(power);
	fault = startDriver(&controller, &transceiver);
	if (fault) {
		esp_netif_destroy(gNetif);
		gNetif = NULL;
		xsUnknownError("%s", fault);
	}
	for (int i = 0; i < PINS; i++) {
		if (NO_PIN != pins[i])
			builtinUsePin(pins[i]);
	}
}

void xs_ferraris_ethernet_constructor(xsMachine *the)
{
	xsmcVars(1);
	if (gEthernet)
		xsUnknownError("in use");
	if (!gNetif)
		startInterface(the);

	Ethernet ethernet = c_calloc(1, sizeof(EthernetRecord));
	if (!ethernet)
		xsUnknownError("no memory");
	ethernet->onChanged = builtinGetCallback(the, xsID_onChanged);
	ethernet->obj = xsThis;
	gEthernet = ethernet;
	xsmcSetHostData(xsThis, ethernet);
	xsSetHostHooks(xsThis, (xsHostHooks *)&xsEthernetHooks);
	xsRemember(ethernet->obj);
}

void xs_ferraris_ethernet_destructor(void *data)
{
	if (!data)
		return;
	if (gEthernet == data)
		gEthernet = NULL;
	c_free(data);
}

void xs_ferraris_ethernet_mark(xsMachine *the, void *it, xsMarkRoot markRoot)
{
	Ethernet ethernet = it;
	if (ethernet->onChanged)
		(*markRoot)(the, ethernet->onChanged);
}

void xs_ferraris_ethernet_close(xsMachine *the)
{
	Ethernet ethernet = xsmcGetHostData(xsThis);
	if (ethernet && xsmcGetHostDataValidate(xsThis, (void *)&xsEthernetHooks)) {
		xsForget(ethernet->obj);
		xs_ferraris_ethernet_destructor(ethernet);
		xsmcSetHostData(xsThis, NULL);
		xsmcSetHostDestructor(xsThis, NULL);
	}
}

/* Undefined while there is none. */
void xs_ferraris_ethernet_get_address(xsMachine *the)
{
	esp_netif_ip_info_t info;
	char text[ADDRESS_MAX];

	if (!gReachable || (ESP_OK != esp_netif_get_ip_info(gNetif, &info)) || !info.ip.addr)
		return;
	esp_ip4addr_ntoa(&info.ip, text, sizeof(text));
	xsmcSetString(xsResult, text);
}
