/* SPDX-License-Identifier: ISC */
#include "provisioner/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/images.h"
#include "provisioner/network/network.h"
#include "provisioner/nodes/addresses.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/nodes/sightings.h"
#include "provisioner/nodes/versions.h"
#include "provisioner/timeline/diagnosis.h"
#include "provisioner/timeline/timeline.h"

static int refuse(struct ipc_resolved *answer, int error, const char *reason)
{
	answer->error = error;
	str_copy(answer->reason, sizeof(answer->reason), reason);
	return -1;
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

/* What a boot gets. */
struct version {
	char hash[HASH_TEXT_SIZE]; /* "" = there is none */
	struct boot_set *set;
	char root[IMAGES_PATH_SIZE];
};

/* The node (NULL: a parked board) is to get a version that can't be read: it gets its last good one
 * instead. */
static int take_good(struct brambled *brambled, struct registry_node *node, const char *image,
	struct version *version, char reason[static IMAGES_REASON_SIZE])
{
	char why[REGISTRY_REASON_SIZE], other[IMAGES_REASON_SIZE];

	if (!node || node->good[0] == '\0' || strcmp(node->good, version->hash) == 0 ||
		images_open(brambled, image, node->good, &version->set, version->root, other) != 0)
		return -ENOENT;
	snprintf(why, sizeof(why), "%.150s", reason);
	if (!versions_fall_back(brambled, node, version->hash, why))
		return -ENOENT;
	str_copy(version->hash, sizeof(version->hash), node->good);
	return 0;
}

/* The version that this boot began with; else what fallback.h says. */
static int choose_version(struct brambled *brambled, struct registry_node *node, const char *image,
	const struct registry_boot *boot, struct version *version,
	char reason[static IMAGES_REASON_SIZE])
{
	char current[HASH_TEXT_SIZE];
	const char *chosen = current;
	int result;

	if (boot && boot->files > 0 && boot->image_hash[0] &&
		images_open(brambled, image, boot->image_hash, &version->set, version->root,
			reason) == 0) {
		str_copy(version->hash, sizeof(version->hash), boot->image_hash);
		return 0;
	}
	result = images_current(brambled, image, current, reason);
	if (result != 0)
		return result;
	if (node)
		(void)fallback_choose(node, current, &chosen);
	str_copy(version->hash, sizeof(version->hash), chosen);
	result = images_open(brambled, image, version->hash, &version->set, version->root, reason);
	if (result == 0 || take_good(brambled, node, image, version, reason) == 0)
		return 0;
	/* It may be a version of the image that the node had before. */
	if (strcmp(version->hash, current) == 0)
		return result;
	str_copy(version->hash, sizeof(version->hash), current);
	return images_open(brambled, image, current, &version->set, version->root, reason);
}

/* The kernel command line carries this boot's token and version: they are durable before they leave
 * the house. A full disk doesn't keep a node from booting; only if brambled is killed before there
 * is room again has the node to boot once more. */
static void note_command_line(
	struct brambled *brambled, struct registry_node *node, const char *hash)
{
	if (strcmp(node->image_hash, hash) != 0) {
		str_copy(node->image_hash, sizeof(node->image_hash), hash);
		(void)registry_put_node(brambled->registry, node);
	}
	brambled->settle_due = true;
}

/* The texts that a context points to. */
struct texts {
	char data[400], shared[300], arguments[RULES_ARGUMENTS_SIZE], lines[RULES_LINES_SIZE],
		waits_as[MAC_TEXT_SIZE], verity[VERITY_ARGUMENT_SIZE];
};

static struct boot_context node_context(struct brambled *brambled,
	const struct registry_board *board, const struct registry_node *node, struct texts *texts)
{
	const struct settings *settings = &brambled->settings;
	snprintf(texts->data, sizeof(texts->data), "%s/nodes/%s", settings->share, node->name);
	snprintf(texts->shared, sizeof(texts->shared), "%s/shared", settings->share);
	rules_kernel_arguments(settings, node, texts->arguments);
	rules_config_lines(settings, node, texts->lines);
	return (struct boot_context){ .model = board->model,
		.node = node->name,
		.address = node->address,
		.router = settings->router,
		.http_port = (uint16_t)settings->http_port,
		.patience_s = (unsigned)settings->patience_s,
		.token = "",
		.data = texts->data,
		.shared = texts->shared,
		.kernel_arguments = texts->arguments,
		.config_lines = texts->lines,
		.in_memory = rules_root_in_memory(settings, node) };
}

static struct boot_context waiting_context(
	struct brambled *brambled, const struct registry_board *board, struct texts *texts)
{
	const struct settings *settings = &brambled->settings;

	str_copy(texts->waits_as, sizeof(texts->waits_as), board->serial);
	if (!board->serial[0])
		str_format_mac(&board->mac, texts->waits_as);
	return (struct boot_context){ .model = board->model,
		.router = settings->router,
		.http_port = (uint16_t)settings->http_port,
		.kernel_arguments = settings->kernel_arguments,
		.config_lines = "",
		.waits_as = texts->waits_as };
}

/* The image itself, for a node that holds it in its memory. By TFTP nobody needs it: it would take
 * the wire from others for minutes. */
static bool is_root(const struct registry_node *node, const char *leaf, uint32_t protocol)
{
	return node && protocol == IPC_HTTP && strcmp(leaf, "root") == 0;
}

static int open_root(const struct version *version, struct boot_file *file)
{
	struct stat status;

	file->stage = BOOT_STAGE_ROOT;
	file->fd = open(version->root, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file->fd < 0)
		return -errno;
	if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(file->fd);
		return -ENOENT; /* a tree */
	}
	file->size = (uint64_t)status.st_size;
	str_copy(file->key, sizeof(file->key), version->hash);
	return 0;
}

/* Kernels and firmware of Pis are nothing that a PC could run, and the other way round. 0, or
 * -ENOEXEC with `reason`. */
static int check_kind(const struct registry_board *board, const char *image,
	const struct boot_set *set, char reason[static IMAGES_REASON_SIZE])
{
	bool pc = board->model == BOOT_MODEL_PC;

	if (board->model == BOOT_MODEL_UNKNOWN || boot_set_is_for_pcs(set) == pc)
		return 0;
	snprintf(reason, IMAGES_REASON_SIZE,
		"image %.40s is for %s: nodes.rules says which image a %s gets", image,
		pc ? "Raspberry Pis" : "PCs", boot_model_name(board->model));
	return -ENOEXEC;
}

/* The version of its node's image, or of that which its node would have (`node` NULL: it is
 * parked).
 */
static int choose(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, const struct registry_boot *boot, struct version *version,
	char reason[static IMAGES_REASON_SIZE])
{
	const struct settings *settings = &brambled->settings;
	const char *image = node ? rules_image(settings, node) : rules_board_image(settings, board);
	int result = choose_version(brambled, node, image, boot, version, reason);

	return result == 0 ? check_kind(board, image, version->set, reason) : result;
}

/* `node` NULL: the board is parked, and gets what makes it wait. */
static int open_file(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, const char *leaf, uint32_t protocol,
	struct ipc_resolved *answer)
{
	const struct registry_boot *boot = timeline_boot(brambled, &board->mac);
	char reason[IMAGES_REASON_SIZE] = "";
	struct boot_file file = { .fd = -1 };
	struct version version = { .hash = "" };
	struct boot_context context;
	struct texts texts = { .data = "" };
	int result = choose(brambled, board, node, boot, &version, reason);

	if (result != 0) {
		timeline_reason(brambled, &board->mac,
			*version.hash && result != -ENOEXEC ? CAUSE_IMAGE_INCOMPLETE
							    : CAUSE_NO_IMAGE,
			reason);
		return refuse(answer, EACCES, reason);
	}
	(void)timeline_set_image(brambled, &board->mac, version.hash);
	context = node ? node_context(brambled, board, node, &texts)
		       : waiting_context(brambled, board, &texts);
	context.image = version.root;
	context.image_hash = version.hash;
	if (node && boot_has_command_line(leaf)) {
		context.token = boot ? timeline_token(brambled, &board->mac) : "";
		result = images_verity(version.root, texts.verity, reason);
		context.verity = texts.verity;
		note_command_line(brambled, node, version.hash);
	}
	if (result == 0)
		result = is_root(node, leaf, protocol)
				 ? open_root(&version, &file)
				 : boot_set_resolve(version.set, &context, leaf, &file);
	if (result == -ENOENT) {
		timeline_note_missing(brambled, &board->mac, leaf);
		return refuse(answer, ENOENT, "no such file");
	}
	if (result != 0) {
		snprintf(reason, sizeof(reason),
			"%.60s can't be read (%.40s): run `bramble image verify`", leaf,
			strerror(-result));
		timeline_reason(brambled, &board->mac, CAUSE_IMAGE_INCOMPLETE, reason);
		return refuse(answer, -result, reason);
	}
	answer->size = file.size;
	str_copy(answer->key, sizeof(answer->key), file.key);
	answer->transfer = timeline_begin_transfer(brambled, &board->mac, leaf, file.stage);
	return file.fd;
}

/* Is the board what it says it is? */
static int check_identity(struct brambled *brambled, struct registry_board *board,
	const struct boot_name *name, struct ipc_resolved *answer)
{
	if (name->has_mac && memcmp(&name->mac, &board->mac, sizeof(name->mac)) != 0)
		return refuse(answer, EACCES, "the MAC in the path is another board's");
	/* Two boards with this MAC: the one that is known asks by its serial. */
	if (name->serial[0] ? sightings_tie_serial(brambled, board, name->serial) != 0
			    : timeline_has_contradiction(brambled, &board->mac))
		return refuse(answer, EACCES,
			"its serial contradicts what is known of it: see board.conflict in "
			"`bramble events`");
	return 0;
}

/* A parked board gets a kernel and bramble-init, which say how to admit it. They hold no secret;
 * that many at once, so that invented boards don't take the wire from nodes. */
#define WAITING_BOARDS 64

static bool may_wait(const struct brambled *brambled, const struct registry_board *board)
{
	const struct registry_boot *boot = timeline_boot((struct brambled *)brambled, &board->mac);

	return boot && (boot->image_hash[0] || timeline_count_waiting(brambled) < WAITING_BOARDS);
}

/* The node that the board is, or becomes just now: durably, before it gets anything. 0, -EAGAIN (it
 * is parked), or another -errno; unless 0, `answer` refuses. */
static int find_node(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, struct ipc_resolved *answer)
{
	char reason[NODES_REASON_SIZE] = "";
	int result = nodes_place(brambled, board, node, reason);

	if (result != 0) {
		timeline_reason(brambled, &board->mac, nodes_cause(brambled, result), reason);
		(void)refuse(answer, EACCES, reason);
		return result == -EAGAIN || result == -EBUSY ? -EAGAIN : -EACCES;
	}
	if (!brambled->publish_due)
		return 0;
	if (brambled_commit(brambled) != 0 &&
		registry_node_of_board(brambled->registry, &board->mac, node) != 0) {
		timeline_reason(brambled, &board->mac, CAUSE_DISK_FULL, brambled->registry_warning);
		(void)refuse(answer, EACCES, brambled->registry_warning);
		return -EACCES;
	}
	brambled_publish(brambled);
	return 0;
}

/* A Pi 3's boot ROM answers no ARP once a transfer has begun. For each file: with the OFFER to its
 * second stage dnsmasq replaces the entry by one that the kernel soon wants confirmed. */
static void prepare_transfer(struct brambled *brambled, const struct registry_board *board,
	const struct registry_node *node, const struct ipc_resolve *request)
{
	(void)timeline_boot_or_begin(brambled, &board->mac, node->name);
	if (request->protocol == IPC_TFTP &&
		network_set_neighbour(&brambled->link, brambled->settings.lan_interface,
			request->peer, &board->mac) != 0)
		log_debug("no neighbour entry for %s", node->name);
}

/* Who isn't gets no answer at all: the sender of a request by UDP may be forged. */
static bool is_on_lan(const struct settings *settings, struct in_addr peer)
{
	uint32_t differs = ntohl(peer.s_addr ^ settings->router.s_addr);

	return settings->prefix_length == 0 || differs >> (32 - settings->prefix_length) == 0;
}

/* `bramble doctor` wants to hear something; the kernel takes no packet of this address from the
 * LAN. */
static bool is_router(const struct settings *settings, const struct ipc_resolve *request)
{
	return request->protocol == IPC_TFTP && request->peer.s_addr == settings->router.s_addr;
}

int resolve_answer(
	struct brambled *brambled, const struct ipc_resolve *request, struct ipc_resolved *answer)
{
	struct registry_board board;
	struct registry_node node = { 0 };
	struct boot_name name;
	bool begins;
	int result;

	*answer = (struct ipc_resolved){ 0 };
	if (is_router(&brambled->settings, request))
		return refuse(answer, ENOENT, "the router boots nothing");
	if (!is_on_lan(&brambled->settings, request->peer) ||
		addresses_board_at(brambled, request->peer, &board) != 0)
		return refuse(answer, EHOSTUNREACH, "no board is known at this address");
	if (boot_split_name(request->name, &name) != 0)
		return refuse(answer, EACCES, "not a name that a board asks for");
	(void)registry_node_of_board(brambled->registry, &board.mac, &node);
	/* Who looks at a file by HTTP from a running node doesn't boot it. */
	begins = !node.joined || request->protocol != IPC_HTTP;
	if (begins)
		(void)timeline_boot_or_begin(brambled, &board.mac, node.name);
	if (check_identity(brambled, &board, &name, answer) != 0)
		return -1;
	learn_model(brambled, &board, name.leaf);
	result = find_node(brambled, &board, &node, answer);
	if (result == -EAGAIN && may_wait(brambled, &board)) {
		*answer = (struct ipc_resolved){ 0 };
		prepare_transfer(brambled, &board, &node, request);
		return open_file(brambled, &board, NULL, name.leaf, request->protocol, answer);
	}
	if (result != 0)
		return -1;
	if (begins)
		prepare_transfer(brambled, &board, &node, request);
	return open_file(brambled, &board, &node, name.leaf, request->protocol, answer);
}
