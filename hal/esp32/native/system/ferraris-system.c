/* The processor itself: why it started, starting it again, its task watchdog, its key (ESP-IDF v6.0). */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

#include "bootloader_random.h"
#include "esp_attr.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "soc/soc_caps.h"

#if SOC_HMAC_SUPPORTED
	/* As in esp_hmac.h, whose own headers are not in the folders that the SDK has. */
	#define FIRST_KEY (0)
	#define LAST_KEY (5)
	extern esp_err_t esp_hmac_calculate(int key_id, const void *message, size_t message_len, uint8_t *hmac);
#endif

#define KEY_BYTES (32)
/* What the key of the fuse is asked for; another purpose would take other bytes. */
static const char kKeyLabel[] = "ferraris device key 1";

/* Survives a software reset: tells a restart that was asked for from one by which the engine gave up. */
#define RESTART_MARK (0x46455252)
static RTC_NOINIT_ATTR uint32_t gRestartMark;

static uint8_t gReasonKnown;
static esp_reset_reason_t gReason;
static uint8_t gAskedFor;

static esp_task_wdt_user_handle_t gWatchdogUser;

void xs_ferraris_reset_reason(xsMachine *the)
{
	const char *reason;

	if (!gReasonKnown) {
		gReasonKnown = 1;
		gReason = esp_reset_reason();
		gAskedFor = RESTART_MARK == gRestartMark;
		gRestartMark = 0;
	}

	switch (gReason) {
		case ESP_RST_SW:
			reason = gAskedFor ? "restart" : "fault";
			break;
		case ESP_RST_INT_WDT:
		case ESP_RST_TASK_WDT:
		case ESP_RST_WDT:
			reason = "watchdog";
			break;
		case ESP_RST_PANIC:
		case ESP_RST_CPU_LOCKUP:
			reason = "fault";
			break;
		default:
			reason = "power";
			break;
	}
	xsmcSetString(xsResult, (char *)reason);
}

void xs_ferraris_restart(xsMachine *the)
{
	gRestartMark = RESTART_MARK;
	esp_restart();
}

void xs_ferraris_watchdog_start(xsMachine *the)
{
	esp_err_t err;
	int timeout = xsmcToInteger(xsArg(0));
	esp_task_wdt_config_t config = {
		.timeout_ms = timeout,
		.idle_core_mask = 0,
		.trigger_panic = true,
	};

	if (timeout < 1)
		xsRangeError("timeout");

	/* The SDK starts the watchdog where CONFIG_ESP_TASK_WDT_INIT is set, and feeds it for its own task in each turn of its loop. */
	err = esp_task_wdt_reconfigure(&config);
	if (ESP_ERR_INVALID_STATE == err)
		err = esp_task_wdt_init(&config);
	if (ESP_OK != err)
		xsUnknownError("watchdog failed");

	if (!gWatchdogUser && (ESP_OK != esp_task_wdt_add_user("meter", &gWatchdogUser)))
		xsUnknownError("watchdog failed");
}

void xs_ferraris_watchdog_feed(xsMachine *the)
{
	if (gWatchdogUser)
		esp_task_wdt_reset_user(gWatchdogUser);
}

/* Undefined where no fuse block has the purpose HMAC_UP, or the chip has no HMAC peripheral. */
void xs_ferraris_fuse_key(xsMachine *the)
{
#if SOC_HMAC_SUPPORTED
	uint8_t key[KEY_BYTES];
	int id = FIRST_KEY;

	/* The peripheral refuses a block of another purpose. */
	while ((id <= LAST_KEY) && (ESP_OK != esp_hmac_calculate(id, kKeyLabel, sizeof(kKeyLabel) - 1, key)))
		id++;
	if (id > LAST_KEY)
		return;
	xsmcSetArrayBuffer(xsResult, key, sizeof(key));
	c_memset(key, 0, sizeof(key));
#endif
}

/* Before Wi-Fi or Bluetooth are on, the generator has no noise but that of the boot loader's source. */
void xs_ferraris_fresh_key(xsMachine *the)
{
	uint8_t key[KEY_BYTES];

	bootloader_random_enable();
	esp_fill_random(key, sizeof(key));
	bootloader_random_disable();
	xsmcSetArrayBuffer(xsResult, key, sizeof(key));
	c_memset(key, 0, sizeof(key));
}
