/* SPDX-License-Identifier: ISC */
/* Any packet: what ipc_decode accepts ends where it says, has texts that end, and lies within the
 * packet. The first byte chooses: as it is, or the rest as the body behind a good header. */
#include <stdlib.h>
#include <string.h>

#include "common/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int condition)
{
	if (!condition)
		abort();
}

/* A packet of exactly `length` bytes and the spare one, so that the sanitizer sees every step out
 * of it. */
static uint8_t *make_packet(const uint8_t *data, size_t size, size_t *length)
{
	struct ipc_header header = { .magic = IPC_MAGIC, .type = data[0] };
	size_t body = ipc_body_size((enum ipc_type)data[0]);
	size_t room = sizeof(header) + body + size;
	uint8_t *packet = calloc(1, room + 1);
	size_t text;

	must(packet != NULL);
	if (body == 0) {
		memcpy(packet, data + 1, size - 1);
		*length = size - 1;
		return packet;
	}
	/* A body as far as the data goes, zeroes behind it; what is left over is text. */
	text = size - 1 > body ? size - 1 - body : 0;
	memcpy(packet + sizeof(header), data + 1, size - 1);
	if (data[0] == IPC_API) {
		uint32_t text_length = (uint32_t)text;

		memcpy(packet + sizeof(header) + offsetof(struct ipc_api, text_length),
			&text_length, sizeof(text_length));
	}
	header.length = (uint32_t)(body + text);
	memcpy(packet, &header, sizeof(header));
	*length = sizeof(header) + header.length;
	return packet;
}

static int ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void check_texts(const struct ipc_message *message)
{
	switch ((enum ipc_type)message->header.type) {
	case IPC_HELLO:
		break;
	case IPC_RESOLVE:
		must(ends(message->body.resolve.name, IPC_NAME_SIZE));
		break;
	case IPC_RESOLVED:
		must(ends(message->body.resolved.key, HASH_TEXT_SIZE));
		must(ends(message->body.resolved.reason, IPC_REASON_SIZE));
		break;
	case IPC_TRANSFER:
		must(ends(message->body.transfer.reason, IPC_REASON_SIZE));
		break;
	case IPC_API:
		must(ends(message->body.api.path, IPC_PATH_SIZE));
		must(message->body.api.text_length <= IPC_TEXT_LIMIT);
		must(message->text[message->body.api.text_length] == '\0');
		break;
	case IPC_API_REPLY:
		must(ends(message->body.api_reply.content_type,
			sizeof(message->body.api_reply.content_type)));
		break;
	case IPC_DHCP:
		must(ends(
			message->body.dhcp.vendor_class, sizeof(message->body.dhcp.vendor_class)));
		must(ends(message->body.dhcp.host_name, sizeof(message->body.dhcp.host_name)));
		must(message->body.dhcp.uuid_length <= sizeof(message->body.dhcp.uuid));
		break;
	case IPC_CONSOLE:
		must(message->body.console.length <= sizeof(message->body.console.text));
		break;
	case IPC_WAITS:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_message message;
	uint8_t *packet;
	size_t length;

	if (size == 0)
		return 0;
	packet = make_packet(data, size, &length);
	if (ipc_decode(packet, length, &message) == 0) {
		size_t body = ipc_body_size((enum ipc_type)message.header.type);

		must(body > 0 && sizeof(message.header) + message.header.length == length);
		must((uint8_t *)message.text == packet + sizeof(message.header) + body);
		must(packet[length] == '\0');
		must(memcmp(&message.body, packet + sizeof(message.header), body) == 0);
		check_texts(&message);
	}
	free(packet);
	return 0;
}
