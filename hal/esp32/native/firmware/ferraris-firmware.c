/* What embedded:update lacks: trial and rollback of the OTA partitions, and what their images are (ESP-IDF v6.0, esp_ota_ops.h). */

#include "xsmc.h"
#include "xsHost.h"
#include "mc.xs.h"

/* The SDK has the folder of all components among its folders of headers, and not each of theirs. */
#include "app_update/include/esp_ota_ops.h"
#include "esp_image_format.h"
#include "esp_partition.h"

#define DIGEST_BYTES (32)

/* The partition that runs, or the one that the next firmware goes to; NULL where there is none. */
static const esp_partition_t *partitionOf(xsMachine *the)
{
	return xsmcTest(xsArg(0)) ? esp_ota_get_next_update_partition(NULL) : esp_ota_get_running_partition();
}

static esp_ota_img_states_t stateOf(const esp_partition_t *partition)
{
	esp_ota_img_states_t state = ESP_OTA_IMG_UNDEFINED;

	if (partition)
		esp_ota_get_state_partition(partition, &state);
	return state;
}

void xs_ferraris_firmware_label(xsMachine *the)
{
	const esp_partition_t *partition = partitionOf(the);

	if (partition)
		xsmcSetString(xsResult, (char *)partition->label);
}

void xs_ferraris_firmware_image(xsMachine *the)
{
	const esp_partition_t *partition = partitionOf(the);
	esp_image_metadata_t metadata;
	void *digest;
	xsUnsignedValue length;

	xsmcSetInteger(xsResult, 0);
	xsmcGetBufferWritable(xsArg(1), &digest, &length);
	if (length < DIGEST_BYTES)
		xsRangeError("digest");
	if (!partition)
		return;

	const esp_partition_pos_t position = { .offset = partition->address, .size = partition->size };
	if (ESP_OK != esp_image_get_metadata(&position, &metadata))
		return;
	if (!metadata.image.hash_appended || (metadata.image_len <= DIGEST_BYTES))
		return;
	if (ESP_OK != esp_partition_read(partition, metadata.image_len - DIGEST_BYTES, digest, DIGEST_BYTES))
		return;
	xsmcSetInteger(xsResult, metadata.image_len - DIGEST_BYTES);
}

void xs_ferraris_firmware_on_trial(xsMachine *the)
{
	xsmcSetBoolean(xsResult, ESP_OTA_IMG_PENDING_VERIFY == stateOf(esp_ota_get_running_partition()));
}

void xs_ferraris_firmware_given_up(xsMachine *the)
{
	esp_ota_img_states_t state = stateOf(esp_ota_get_next_update_partition(NULL));

	xsmcSetBoolean(xsResult, (ESP_OTA_IMG_INVALID == state) || (ESP_OTA_IMG_ABORTED == state));
}

/* The driver reads the whole image and checks its digest. */
void xs_ferraris_firmware_activate(xsMachine *the)
{
	const esp_partition_t *partition = esp_ota_get_next_update_partition(NULL);

	xsmcSetInteger(xsResult, partition ? esp_ota_set_boot_partition(partition) : ESP_ERR_NOT_FOUND);
}

void xs_ferraris_firmware_confirm(xsMachine *the)
{
	xsmcSetInteger(xsResult, esp_ota_mark_app_valid_cancel_rollback());
}
