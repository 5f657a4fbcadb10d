/* SPDX-License-Identifier: ISC */
/*
 * A node becomes what its document (rootfs/config/document.h) says, item by item: each kind knows
 * how to tell whether the node differs, how to change that, and how to take it back. What doesn't
 * differ isn't touched, so that doing it twice changes nothing.
 */
#ifndef BRAMBLE_AGENT_CONFIGURE_H
#define BRAMBLE_AGENT_CONFIGURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "rootfs/config/document.h"

#define CONFIG_REASON_SIZE 200
#define CONFIG_PATH_SIZE 1024
#define CONFIG_UNITS 32
#define CONFIG_TEXT_SIZE 480
#define CONFIG_SCRATCH_SIZE 96

/* How long the tools of the distribution may take. */
#define CONFIG_TOOL_MS 30000

/* What the items act on. Tests put a directory and tools of their own in place. */
struct config_world {
	const char *root;   /* before every path: "" on a node */
	const char *state;  /* directory for what must be remembered until the next boot */
	const char *data;   /* the node's data directory */
	const char *router; /* address of the router, for its shares */
	/* Run a tool to its end, its standard output in out[size] (out may be NULL). Returns its
	 * exit status or -errno. */
	int (*run)(const char *const *arguments, char *out, size_t size);
	int (*mount)(const char *source, const char *target, const char *type, unsigned long flags,
		const char *options);
	int (*unmount)(const char *target, int flags);
	unsigned changes; /* made so far: what was the same isn't counted */
	bool is_first;	  /* of this boot: what only a boot changes is applied, too */
	bool is_booting;  /* services start with what is applied, and needn't be restarted */
	bool units_changed, sshd_changed;
	size_t n_restarts;
	char restarts[CONFIG_UNITS][128];  /* units whose files changed */
	char scratch[CONFIG_SCRATCH_SIZE]; /* what there is, for people; "" = none */
	const struct document *document;   /* the one that is applied */
};

struct config_kind {
	/* 0: the node is as the item says; 1: it differs; -errno with `reason`: it can't be. */
	int (*differs)(struct config_world *world, const struct item *item,
		char reason[static CONFIG_REASON_SIZE]);
	/* Make it so. 0 or -errno with `reason`. */
	int (*apply)(struct config_world *world, const struct item *item,
		char reason[static CONFIG_REASON_SIZE]);
	/* Take back what was applied. NULL: the next boot does. */
	int (*undo)(struct config_world *world, const struct item *item,
		char reason[static CONFIG_REASON_SIZE]);
};

extern const struct config_kind config_hosts, config_timezone, config_locale, config_module,
	config_sysctl, config_scratch, config_swap, config_group, config_user, config_mount,
	config_wifi, config_file, config_unit;

/* How it went. */
struct config_outcome {
	unsigned applied; /* items that were changed */
	unsigned failed, drifted, reboot;
	char text[CONFIG_TEXT_SIZE]; /* what failed, drifted or waits for a reboot; "" */
};

/* Make the node what `text` says (it is changed), and remember it in the world's state. Returns 0
 * or -EBADMSG: it isn't understood, and nothing was done. */
int config_apply(struct config_world *world, char *text, struct config_outcome *outcome);

/* Does the node still differ nowhere from what was applied last? 0 or -errno: nothing was. */
int config_check(struct config_world *world, struct config_outcome *outcome);

/* --- what the kinds share --- */

/* `format` behind the world's root, in out. */
void config_path(const struct config_world *world, char out[static CONFIG_PATH_SIZE],
	const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Does the file hold exactly this text, with this mode and owner? ((uid_t)-1: whoever's.) */
bool config_file_is(const char *path, const char *text, mode_t mode, uid_t uid, gid_t gid);
/* Make it so, and count the change. 0 or -errno with `reason`. */
int config_write(struct config_world *world, const char *path, const char *text, mode_t mode,
	uid_t uid, gid_t gid, char reason[static CONFIG_REASON_SIZE]);
/* "WHAT: the error" as reason; returns `error`. */
int config_fail(char reason[static CONFIG_REASON_SIZE], const char *what, int error);

/* Remember what `key` was before it was changed first, "" for nothing at all; it stays until the
 * next boot. 0 or -errno. */
int config_remember(const struct config_world *world, const char *key, const char *value);
/* What it was: a fresh text, or NULL when nothing is remembered. */
char *config_recall(const struct config_world *world, const char *key);
void config_forget(const struct config_world *world, const char *key);

/* Run a tool of the distribution; a failure is told with what it printed. 0 or -errno. */
int config_run(struct config_world *world, const char *const *arguments,
	char reason[static CONFIG_REASON_SIZE]);

/* The uid or gid of a name in the node's /etc/passwd or /etc/group; false when there is none. */
bool config_find_id(
	const struct config_world *world, const char *file, const char *name, uint32_t *id);

/* The means of a node. */
int config_tool(const char *const *arguments, char *out, size_t size);
int config_mount_here(const char *source, const char *target, const char *type, unsigned long flags,
	const char *options);

/* Is something mounted on `target`? By /proc/self/mountinfo, which asks no server. Its source and
 * type go into `source` and `type`. */
struct config_mounted {
	char source[512], type[32], root[256];
};
bool config_find_mount(
	const struct config_world *world, const char *target, struct config_mounted *mounted);

#endif
