/* SPDX-License-Identifier: ISC */
#include "tests/unit/brambled_world.h"

#include <arpa/inet.h>
#include <endian.h>
#include <event2/event.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/manifest.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/registry/private.h"

static const char *const boot_files[] = { "bootcode.bin", "start.elf", "fixup.dat", "start4.elf",
	"fixup4.dat", "kernel8.img", "initramfs8", "bcm2710-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb" };

static void load_settings(struct world *world)
{
	char text[1024];
	struct conf_error error;

	snprintf(text, sizeof(text),
		"lan = { interface = \"nosuch0\"; address = \"10.77.0.1/24\";"
		" range_first = \"10.77.0.50\"; range_last = \"10.77.0.60\"; };\n"
		"nodes = { join = \"auto\"; heartbeat_s = 2; };\n"
		"share = { path = \"%s/share\"; };\npaths = { run = \"%s/run\"; };\n",
		world->directory, world->directory);
	if (settings_parse("test.conf", text, &world->brambled.settings, &error) != 0)
		fail_msg("%s", error.text);
}

void world_start(struct world *world)
{
	struct brambled *brambled = &world->brambled;
	char path[128], note[REGISTRY_NOTE_SIZE];

	snprintf(path, sizeof(path), "%s/share/state/registry.db", world->directory);
	if (registry_open(path, &brambled->registry, note) != 0)
		fail_msg("%s", note);
	assert_int_equal(images_start(brambled), 0);
	assert_int_equal(builds_start(brambled), 0);
	assert_int_equal(timeline_start(brambled), 0);
	assert_int_equal(console_start(brambled), 0);
	assert_int_equal(heartbeats_start(brambled), 0);
	assert_int_equal(health_start(brambled), 0);
	assert_int_equal(nodeconf_start(brambled), 0);
	brambled->started_ns = clock_monotonic_ns();
	brambled->admit_until_ms = brambled->admit_left = 0;
	admission_start(brambled);
	nodes_finish_forgetting(brambled);
}

void world_stop(struct world *world)
{
	struct brambled *brambled = &world->brambled;

	registry_rollback(brambled->registry);
	heartbeats_stop(brambled);
	health_stop(brambled);
	hooks_stop(brambled);
	nodeconf_stop(brambled);
	registry_rollback(brambled->registry);
	console_stop(brambled);
	timeline_stop(brambled);
	joins_stop(brambled);
	images_stop(brambled);
	builds_stop(brambled);
	network_link_close(&brambled->link);
	registry_close(brambled->registry);
	brambled->n_unlogged = 0;
	brambled->publish_again_ns = 0;
}

int world_make(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char path[128];

	assert_non_null(world);
	assert_true(sodium_init() >= 0);
	log_init("test", LOG_LEVEL_ERROR);
	str_copy(world->directory, sizeof(world->directory), "/tmp/brambled_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(path, sizeof(path), "%s/share/state", world->directory);
	assert_int_equal(file_make_directories(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/run", world->directory);
	assert_int_equal(file_make_directories(path, 0755), 0);
	load_settings(world);
	world->brambled.config_path = "test.conf";
	world->brambled.base = event_base_new();
	world->brambled.supervisor = supervise_new(world->brambled.base, path);
	assert_non_null(world->brambled.supervisor);
	world_start(world);
	*state = world;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

int world_remove(void **state)
{
	struct world *world = *state;

	world_stop(world);
	supervise_free(world->brambled.supervisor);
	event_base_free(world->brambled.base);
	nftw(world->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

int world_commit(struct world *world)
{
	int result = brambled_settle(&world->brambled);

	brambled_publish(&world->brambled);
	return result;
}

void world_crash(struct world *world)
{
	world_stop(world);
	world_start(world);
}

void world_fill_disk(struct world *world, bool full)
{
	assert_int_equal(
		registry_execute(world->brambled.registry,
			full ? "PRAGMA max_page_count = 1" : "PRAGMA max_page_count = 100000"),
		0);
}

static void put_file(struct world *world, const char *name, const void *data, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/share/images/base/%s", world->directory, name);
	assert_int_equal(file_replace(path, data, size, 0644), 0);
}

void world_make_image(struct world *world, const char *hash)
{
	struct boot_manifest *manifest = calloc(1, sizeof(*manifest));
	char name[160], *text;
	uint8_t root[4096] = "hsqs";
	uint64_t size = htole64(sizeof(root));

	assert_non_null(manifest);
	snprintf(name, sizeof(name), "%s/share/images/base/%s.boot", world->directory, hash);
	assert_int_equal(file_make_directories(name, 0755), 0);
	memcpy(root + 40, &size, sizeof(size));
	snprintf(name, sizeof(name), "%s.squashfs", hash);
	put_file(world, name, root, sizeof(root));
	str_copy(manifest->kernel, sizeof(manifest->kernel), "6.1.0-0-arm64");
	str_copy(manifest->firmware, sizeof(manifest->firmware), "1");
	for (size_t i = 0; i < sizeof(boot_files) / sizeof(boot_files[0]); i++) {
		char content[160];
		int length = snprintf(content, sizeof(content), "%s of %.4s", boot_files[i], hash);

		assert_int_equal(
			boot_manifest_add_file(manifest, boot_files[i], (uint64_t)length, hash), 0);
		snprintf(name, sizeof(name), "%s.boot/%s", hash, boot_files[i]);
		put_file(world, name, content, (size_t)length);
	}
	text = boot_manifest_format(manifest, NULL);
	assert_non_null(text);
	snprintf(name, sizeof(name), "%s.boot/" BOOT_MANIFEST_NAME, hash);
	put_file(world, name, text, strlen(text));
	free(text);
	free(manifest);
}

void world_use_image(struct world *world, const char *hash)
{
	char reason[IMAGES_REASON_SIZE] = "";

	world_make_image(world, hash);
	if (images_use(&world->brambled, "base", hash, reason) != 0)
		fail_msg("%s", reason);
}

struct mac world_mac(unsigned number)
{
	return (struct mac){ { 0xdc, 0xa6, 0x32, 0, (uint8_t)(number >> 8), (uint8_t)number } };
}

struct in_addr world_address(const char *text)
{
	struct in_addr address;

	assert_int_equal(str_parse_address(text, &address), 0);
	return address;
}

void world_dhcp(struct world *world, enum dhcp_message message, const struct mac *mac,
	const char *vendor_class)
{
	struct ipc_dhcp packet = { .message = message, .mac = *mac, .arch = 0xffff };

	str_copy(packet.vendor_class, sizeof(packet.vendor_class), vendor_class);
	sightings_see_dhcp(&world->brambled, &packet);
}

void world_discover(struct world *world, unsigned number, uint32_t serial)
{
	struct ipc_dhcp packet = { .message = DHCP_DISCOVER, .mac = world_mac(number) };
	/* option 97 of a Pi 4: type, FourCC, revision c03111, low MAC, serial */
	uint8_t uuid[17] = { 0, 'R', 'P', 'i', '4', 0x11, 0x31, 0xc0, 0x00 };

	str_copy(packet.vendor_class, sizeof(packet.vendor_class),
		"PXEClient:Arch:00000:UNDI:002001");
	if (serial) {
		memcpy(uuid + 9, packet.mac.octet + 2, 4);
		serial = htole32(serial);
		memcpy(uuid + 13, &serial, sizeof(serial));
		memcpy(packet.uuid, uuid, sizeof(uuid));
		packet.uuid_length = sizeof(uuid);
	}
	sightings_see_dhcp(&world->brambled, &packet);
}

static char *read_descriptor(int fd, size_t size)
{
	char *content = calloc(1, size + 1);

	assert_non_null(content);
	assert_int_equal(pread(fd, content, size, 0), (ssize_t)size);
	return content;
}

/* As server.c does before an answer leaves the house. A full disk keeps no answer back. */
static void world_settle(struct world *world)
{
	if (world->brambled.settle_due)
		(void)brambled_settle(&world->brambled);
	world->brambled.settle_due = false;
}

int world_fetch(struct world *world, const char *peer, const char *name,
	struct ipc_resolved *answer, char **content)
{
	struct ipc_resolve request = { .protocol = IPC_TFTP, .peer = world_address(peer) };
	struct ipc_resolved own;
	int fd;

	if (!answer)
		answer = &own;
	str_copy(request.name, sizeof(request.name), name);
	fd = resolve_answer(&world->brambled, &request, answer);
	world_settle(world);
	assert_int_equal(fd >= 0, answer->error == 0);
	if (answer->error != 0) {
		assert_true(answer->reason[0] != '\0');
		return answer->error;
	}
	if (content)
		*content = read_descriptor(fd, (size_t)answer->size);
	close(fd);
	return 0;
}

char *world_read(struct world *world, const char *peer, const char *name)
{
	struct ipc_resolved answer = { 0 };
	char *content = NULL;

	if (world_fetch(world, peer, name, &answer, &content) != 0 || !content)
		fail_msg("%s: %s", name, answer.reason);
	world_finish_transfer(world, &answer, answer.size);
	return content;
}

char *world_fetch_token(struct world *world, const char *peer, const char *prefix)
{
	char name[64], token[REGISTRY_TOKEN_SIZE] = "", *content, *found;

	snprintf(name, sizeof(name), "%s/cmdline.txt", prefix);
	content = world_read(world, peer, name);
	found = strstr(content, "bramble.token=");
	if (found)
		str_copy(token, sizeof(token), found + strlen("bramble.token="));
	assert_int_equal(strspn(token, "0123456789abcdef"), sizeof(token) - 1);
	free(content);
	return strdup(token);
}

void world_finish_transfer(struct world *world, const struct ipc_resolved *answer, uint64_t bytes)
{
	struct ipc_transfer report = { .transfer = answer->transfer, .bytes = bytes };

	timeline_end_transfer(&world->brambled, &report);
}

cJSON *world_call(struct world *world, const char *peer, enum ipc_method method, const char *path,
	const char *body, int *status)
{
	char plain[IPC_PATH_SIZE], *query;
	struct api_call call = { .method = method, .admin = !peer, .query = "", .body = body };
	struct api_reply reply;

	str_copy(plain, sizeof(plain), path);
	query = strchr(plain, '?');
	if (query) {
		*query = '\0';
		call.query = query + 1;
	}
	call.path = plain;
	if (peer)
		call.peer = world_address(peer);
	api_answer(&world->brambled, &call, &reply);
	if (reply.text) {
		assert_null(reply.json);
		reply.json = cJSON_Parse(reply.text);
		free(reply.text);
	}
	assert_non_null(reply.json);
	assert_int_equal(reply.status == 200, !cJSON_HasObjectItem(reply.json, "error"));
	*status = reply.status;
	return reply.json;
}

const char *world_text(const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	return text ? text : "";
}

void world_expect_node(struct world *world, const char *name, unsigned board, const char *state,
	const char *address)
{
	char path[128], mac[MAC_TEXT_SIZE] = "";
	struct mac expected = world_mac(board);
	int status;
	cJSON *json;

	snprintf(path, sizeof(path), "/v1/nodes/%s", name);
	json = world_call(world, NULL, IPC_GET, path, "", &status);
	assert_int_equal(status, 200);
	if (board)
		str_format_mac(&expected, mac);
	assert_string_equal(
		world_text(cJSON_GetObjectItemCaseSensitive(json, "board"), "mac"), mac);
	assert_string_equal(world_text(json, "state"), state);
	assert_string_equal(world_text(json, "address"), address);
	cJSON_Delete(json);
}

struct tally {
	const char *kind;
	unsigned n;
};

static int tally_event(void *argument, const struct registry_event *event)
{
	struct tally *tally = argument;

	tally->n += strcmp(event->kind, tally->kind) == 0;
	return 0;
}

unsigned world_count_events(struct world *world, const char *kind)
{
	struct tally tally = { .kind = kind };

	assert_int_equal(
		registry_each_event(world->brambled.registry, 0, 10000, tally_event, &tally), 0);
	return tally.n;
}
