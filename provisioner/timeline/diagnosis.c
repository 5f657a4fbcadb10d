/* SPDX-License-Identifier: ISC */
#include "provisioner/timeline/diagnosis.h"

#include <errno.h>
#include <string.h>

#include "common/str.h"

const struct diagnosis_cause diagnosis_causes[] = {
	{ CAUSE_PARKED, "the board is parked: nobody has admitted it yet",
		"admit it: `bramble board list` prints the command, and the board shows it on its "
		"own screen" },
	{ CAUSE_DENIED, "nodes.join is \"deny\": unknown boards get nothing",
		"admit the board with `bramble node admit`, or change nodes.join in bramble.conf" },
	{ CAUSE_SECOND, "another Bramble is on the LAN: nobody can tell whose this board is",
		"switch one of the two off, or admit the board with `bramble node admit`" },
	{ CAUSE_CONFLICT, "the board's serial or MAC contradicts what is known of it",
		"`bramble board list` shows both parties; switch one off, or if a board was "
		"repaired, forget its former row" },
	{ CAUSE_NO_ADDRESS, "no address is left for it",
		"make lan.range_first and lan.range_last wider, or forget nodes that are gone" },
	{ CAUSE_DISK_FULL, "the router's disk is full or can't be written",
		"free space on the share (`bramble image gc`), then look at `bramble status`" },
	{ CAUSE_NO_IMAGE, "there is no image for it to run",
		"build one with `bramble image build`, or check nodes.image and the node's role" },
	{ CAUSE_IMAGE_INCOMPLETE, "a file of its image is missing or damaged on the router",
		"`bramble image verify` names the file; `bramble image rollback` goes back" },
	{ "link-late", "its first packets came late: link or switch port took long to come up",
		"let the switch forward at once on that port (spanning tree: edge port, "
		"portfast), or try another cable" },
	{ "offer-unheard", "it repeats its DISCOVER although it was answered",
		"answers don't reach it: spanning tree on the switch port, the cable, or a switch "
		"that filters DHCP" },
	{ "foreign-dhcp", "another DHCP server answered it: it took that offer and finds no files",
		"switch off the other DHCP server on this LAN; `bramble status` has its address" },
	{ "no-request", "it has an address but asked for no file",
		"its firmware isn't set to boot from the network (EEPROM BOOT_ORDER, or OTP of a "
		"Pi 3), or it is no Raspberry Pi" },
	{ "missing-file", "it asked in vain for a file without which it doesn't come up",
		"the image has no kernel, device tree or firmware for this model; build one that "
		"has" },
	{ "transfer-broken", "a file stopped arriving: packets are lost",
		"look at the cable and the switch port; the board tries again by itself, a Pi 3 "
		"after a power cycle" },
	{ CAUSE_TURN, "many boards load at once: it waits for its turn",
		"nothing: it goes on by itself; the router's link or processor is the limit" },
	{ "eeprom-old",
		"its firmware can't count beyond 65535 blocks: the file is too large for it",
		"update the board's EEPROM to 2025-09-23 or later, or use a smaller initramfs or "
		"kernel" },
	{ "firmware-stopped", "its firmware stopped asking before the kernel",
		"power-cycle it and watch HDMI; if it stops again, the firmware in the image may "
		"not suit this model" },
	{ "kernel-silent", "it loaded everything, but bramble-init hasn't spoken",
		"watch the console: a kernel for another model, a wrong nodes.kernel_arguments or "
		"config_txt, or no driver for its network port" },
	{ "no-network", "bramble-init runs but its network doesn't come up",
		"look at the console: link, DHCP, or the driver of its port" },
	{ "nfs-refused", "the router's NFS server doesn't answer: the share can't be mounted",
		"`bramble status` says whether the NFS server runs and why not" },
	{ "nfs-denied", "the router's NFS server refuses the share to it",
		"the export doesn't fit its address: `bramble status`, then exportfs -v on the "
		"router" },
	{ "nfs-hangs", "the NFS server takes the connection and doesn't answer",
		"look at the NFS server and its disk: `bramble status`; the board starts over by "
		"itself" },
	{ "image-broken", "the image's file can't be mounted on the node",
		"`bramble image verify` tells whether it is damaged; `bramble image rollback` goes "
		"back" },
	{ CAUSE_IMAGE_CORRUPT, "the node's kernel read bytes of the image that have changed",
		"`bramble image verify` names the block and the file; `bramble image rollback` "
		"goes back; if the router's copy is intact, suspect the node's memory" },
	{ "data-failed", "the node's data directory can't be mounted or written",
		"look at nodes/NAME on the share and its free space" },
	{ "data-full", "there is no space left for the node's data",
		"free space on the share; the node goes on by itself" },
	{ "no-systemd", "all is mounted, but systemd hasn't come up",
		"watch its console; the image may be broken: `bramble image rollback` goes back" },
	{ "agent-silent", "systemd runs, but the agent hasn't joined",
		"on the node: journalctl -u bramble-agent; a failed unit may hold it up" },
	{ "agent-failed", "the agent says that it can't go on",
		"on the node: journalctl -u bramble-agent" },
	{ CAUSE_STARTED_OVER, "the board started over before it had joined",
		"if nobody switched it off, watch its console: a kernel panic or its watchdog "
		"restarts it" },
	{ CAUSE_GONE, "its node was given to another board, or removed", "nothing" },
	{ .code = NULL },
};

const struct diagnosis_cause *diagnosis_find(const char *code)
{
	for (const struct diagnosis_cause *cause = diagnosis_causes; cause->code; cause++) {
		if (strcmp(cause->code, code) == 0)
			return cause;
	}
	return NULL;
}

bool diagnosis_may_be_image(const char *code)
{
	static const char *const codes[] = { CAUSE_IMAGE_INCOMPLETE, "missing-file", "eeprom-old",
		"firmware-stopped", "kernel-silent", "no-network", "image-broken",
		CAUSE_IMAGE_CORRUPT, "no-systemd", "agent-silent", "agent-failed",
		CAUSE_STARTED_OVER };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(codes[i], code) == 0)
			return true;
	}
	return false;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What kind of file no board comes up without; 0 for all others. The firmware asks for many names
 * that are normally missing, and for some kinds by more than one name. */
static char kind_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	if (begins(name, "bootcode.bin"))
		return 'b';
	if (begins(name, "start") && dot && strcmp(dot, ".elf") == 0)
		return 's';
	if (begins(name, "fixup"))
		return 'f';
	if (strcmp(name, "kernel8.img") == 0 || strcmp(name, "kernel_2712.img") == 0)
		return 'k';
	if (begins(name, "initramfs"))
		return 'i';
	return begins(name, "bcm2") && dot && strcmp(dot, ".dtb") == 0 ? 'd' : 0;
}

void diagnosis_note_missing(struct diagnosis_clues *clues, const char *leaf)
{
	if (kind_of(leaf) && clues->missing[0] == '\0')
		str_copy_visible(clues->missing, sizeof(clues->missing), leaf, strlen(leaf));
}

void diagnosis_note_transfer(
	struct diagnosis_clues *clues, const char *name, int error, uint64_t bytes)
{
	clues->error = error;
	clues->open = false;
	clues->bytes = bytes;
	if (error != 0)
		return;
	clues->discovers = 0;
	/* Found under another name after all. */
	if (clues->missing[0] && kind_of(name) == kind_of(clues->missing))
		clues->missing[0] = '\0';
}

/* 65535 blocks of a size that Pi firmware uses (pi-eeprom release notes 2019-10, 2022-10), give or
 * take the last one. */
static bool stopped_at_last_block(uint64_t bytes)
{
	static const unsigned sizes[] = { 512, 1024, 1408, 1428, 1468 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t end = UINT64_C(65535) * sizes[i];

		if (bytes + sizes[i] >= end && bytes <= end + sizes[i])
			return true;
	}
	return false;
}

bool diagnosis_is_clear(const struct diagnosis_clues *clues)
{
	return clues->error != 0 || clues->missing[0] != '\0';
}

static const char *infer_without_file(const struct diagnosis_clues *clues)
{
	if (clues->foreign.s_addr != 0)
		return "foreign-dhcp";
	if (clues->discovers >= 3)
		return "offer-unheard";
	return clues->late ? "link-late" : "no-request";
}

const char *diagnosis_infer(const char *stage, const struct diagnosis_clues *clues)
{
	enum { KERNEL = 4 };
	static const struct {
		const char *stage, *code;
	} by_stage[] = {
		{ "firmware", "firmware-stopped" },
		{ "config", "firmware-stopped" },
		{ "tree", "firmware-stopped" },
		{ "initramfs", "firmware-stopped" },
		[KERNEL] = { "kernel", "kernel-silent" },
		{ "init", "no-network" },
		{ "network", "nfs-hangs" },
		{ "nfs", "image-broken" },
		{ "root", "data-failed" },
		{ "data", "no-systemd" },
		{ "systemd", "agent-silent" },
	};
	const char *code = NULL;
	size_t i = 0;

	while (i < sizeof(by_stage) / sizeof(by_stage[0]) && strcmp(by_stage[i].stage, stage) != 0)
		i++;
	if (i < sizeof(by_stage) / sizeof(by_stage[0]))
		code = by_stage[i].code;
	if (i > KERNEL && code)
		return code; /* the node's own words outweigh what its firmware did */
	if (clues->error == EBUSY)
		return CAUSE_TURN;
	if (clues->error != 0)
		return stopped_at_last_block(clues->bytes) ? "eeprom-old" : "transfer-broken";
	if (clues->missing[0])
		return "missing-file";
	if (clues->open)
		return "transfer-broken";
	return code ? code : infer_without_file(clues);
}

/* To a client that it exports nothing to, nfs-ganesha shows no directory: NFS4ERR_NOENT. */
static const char *of_nfs(const char *detail)
{
	if (strstr(detail, strerror(EACCES)) || strstr(detail, strerror(EPERM)) ||
		strstr(detail, strerror(ENOENT)))
		return "nfs-denied";
	return strstr(detail, strerror(ETIMEDOUT)) ? "nfs-hangs" : "nfs-refused";
}

static const char *of_data(const char *detail)
{
	if (strstr(detail, strerror(ENOSPC)) || strstr(detail, strerror(EDQUOT)))
		return "data-full";
	return strstr(detail, strerror(EACCES)) ? "nfs-denied" : "data-failed";
}

const char *diagnosis_of_report(const char *stage, const char *detail)
{
	if (strcmp(stage, "nfs") == 0)
		return of_nfs(detail);
	if (strcmp(stage, "root") == 0)
		return begins(detail, DIAGNOSIS_CORRUPT) ? CAUSE_IMAGE_CORRUPT : "image-broken";
	if (strcmp(stage, "data") == 0)
		return of_data(detail);
	if (strcmp(stage, "systemd") == 0)
		return begins(detail, DIAGNOSIS_NOT_JOINED) ? "agent-silent" : "agent-failed";
	return "no-network";
}
