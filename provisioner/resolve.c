/* SPDX-License-Identifier: ISC */
#include "provisioner/resolve.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/images.h"
#include "provisioner/network.h"
#include "provisioner/nodes.h"
#include "provisioner/timeline.h"

static const char serial_conflict[] =
	"its serial contradicts what is known of it: see board.conflict in `bramble events`";

static int refuse(struct ipc_resolved *answer, int error, const char *reason)
{
	answer->error = error;
	str_copy(answer->reason, sizeof(answer->reason), reason);
	return -1;
}

/* The serial in the path ties board, MAC and address together. Returns 0, or -EPERM when it
 * contradicts what is known: then nobody gets anything until it is cleared up. */
static int tie_serial(struct brambled *brambled, struct registry_board *board, const char *serial)
{
	struct registry_board other;
	char mac[MAC_TEXT_SIZE];
	int result;

	if (serial[0] == '\0' || strcmp(board->serial, serial) == 0)
		return 0;
	str_format_mac(&board->mac, mac);
	result = registry_board_with_serial(brambled->registry, serial, &other);
	if (result != -ENOENT || board->serial[0]) {
		const struct registry_boot *boot = timeline_boot(brambled, &board->mac);

		/* A board asks for many files in this state: one event a boot is enough. */
		if (boot && strcmp(boot->reason, serial_conflict) == 0)
			return -EPERM;
		brambled_event(brambled, "board.conflict", mac,
			"board %s asks as serial %s, which %s; `bramble board list` shows both",
			mac, serial,
			result == -ENOENT ? "is not the serial it had"
					  : "belongs to another board");
		return -EPERM;
	}
	str_copy(board->serial, sizeof(board->serial), serial);
	return registry_put_board(brambled->registry, board);
}

/* A name that only one generation asks for tells the model of a board whose DHCP didn't. */
static void learn_model(struct brambled *brambled, struct registry_board *board, const char *leaf)
{
	enum boot_model model = boot_guess_model(leaf);

	if (board->model != BOOT_MODEL_UNKNOWN || model == BOOT_MODEL_UNKNOWN)
		return;
	board->model = model;
	(void)registry_put_board(brambled->registry, board);
}

/* The kernel command line carries this boot's token and version: note them before they leave the
 * house. */
static int note_command_line(struct brambled *brambled, struct registry_boot *boot,
	struct registry_node *node, const char *hash)
{
	uint8_t random[16];
	int result;

	if (boot->token[0] && strcmp(boot->image_hash, hash) == 0)
		return 0;
	if (boot->token[0] == '\0') {
		randombytes_buf(random, sizeof(random));
		str_format_hex(random, sizeof(random), boot->token);
	}
	str_copy(boot->image_hash, sizeof(boot->image_hash), hash);
	str_copy(node->image_hash, sizeof(node->image_hash), hash);
	result = registry_put_boot(brambled->registry, boot);
	if (result == 0)
		result = registry_put_node(brambled->registry, node);
	return result == 0 ? brambled_commit(brambled) : result;
}

static int open_file(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, struct registry_boot *boot, const char *leaf,
	struct ipc_resolved *answer)
{
	const char *share = brambled->settings.share;
	char hash[HASH_TEXT_SIZE], reason[IMAGES_REASON_SIZE] = "", image[600], data[400],
				   shared[300];
	struct boot_file file = { .fd = -1 };
	struct boot_context context;
	struct boot_set *set;
	struct stat status;
	int result = images_current(brambled, node->image, hash, &set, reason);

	if (result != 0) {
		timeline_reason(brambled, &board->mac, reason);
		return refuse(answer, EACCES, reason);
	}
	if (strcmp(leaf, "cmdline.txt") == 0) {
		result = note_command_line(brambled, boot, node, hash);
		if (result != 0)
			return refuse(answer, EIO, "the registry can't be written");
	}
	snprintf(image, sizeof(image), "%s/images/%s/%s.squashfs", share, node->image, hash);
	if (stat(image, &status) != 0)
		snprintf(image, sizeof(image), "%s/images/%s/%s.tree", share, node->image, hash);
	snprintf(data, sizeof(data), "%s/nodes/%s", share, node->name);
	snprintf(shared, sizeof(shared), "%s/shared", share);
	context = (struct boot_context){ .model = board->model,
		.node = node->name,
		.address = node->address,
		.router = brambled->settings.router,
		.token = boot->token,
		.image = image,
		.image_hash = hash,
		.data = data,
		.shared = shared,
		.kernel_arguments = brambled->settings.kernel_arguments,
		.config_lines = "" };
	result = boot_set_resolve(set, &context, leaf, &file);
	if (result != 0) {
		if (result != -ENOENT)
			timeline_reason(brambled, &board->mac,
				"a boot file can't be read: run `bramble-image verify`");
		return refuse(answer, -result,
			result == -ENOENT ? "no such file" : "the file can't be read");
	}
	answer->size = file.size;
	str_copy(answer->key, sizeof(answer->key), file.key);
	answer->transfer = timeline_begin_transfer(brambled, &board->mac, leaf, file.stage);
	return file.fd;
}

int resolve_answer(
	struct brambled *brambled, const struct ipc_resolve *request, struct ipc_resolved *answer)
{
	struct registry_board board;
	struct registry_node node;
	struct registry_boot *boot;
	struct boot_name name;
	char reason[NODES_REASON_SIZE] = "";

	*answer = (struct ipc_resolved){ 0 };
	if (nodes_board_at(brambled, request->peer, &board) != 0)
		return refuse(answer, EACCES, "no board is known at this address");
	if (boot_split_name(request->name, &name) != 0)
		return refuse(answer, EACCES, "not a name that a board asks for");
	if (name.has_mac && memcmp(&name.mac, &board.mac, sizeof(name.mac)) != 0)
		return refuse(answer, EACCES, "the MAC in the path is another board's");
	learn_model(brambled, &board, name.leaf);
	if (tie_serial(brambled, &board, name.serial) != 0) {
		timeline_reason(brambled, &board.mac, serial_conflict);
		return refuse(answer, EACCES,
			"the serial in the path contradicts what is known of this board");
	}
	if (nodes_place(brambled, &board, &node, reason) != 0) {
		timeline_reason(brambled, &board.mac, reason);
		return refuse(answer, EACCES, reason);
	}
	brambled_publish(brambled);
	boot = timeline_boot_or_begin(brambled, &board.mac, node.name);
	if (!boot)
		return refuse(answer, EAGAIN, "too many boots at once");
	if (boot->files == 0 && network_set_neighbour(brambled->settings.lan_interface,
					request->peer, &board.mac) != 0)
		log_debug("no neighbour entry for %s", node.name);
	return open_file(brambled, &board, &node, boot, name.leaf, answer);
}
