/* SPDX-License-Identifier: ISC */
/* Applying a document, and finding out later whether somebody changed the node behind its back. */
#include "rootfs/agent/configure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/str.h"

static const struct config_kind *const kinds[ITEM_KINDS] = {
	[ITEM_HOSTS] = &config_hosts,
	[ITEM_TIMEZONE] = &config_timezone,
	[ITEM_LOCALE] = &config_locale,
	[ITEM_MODULE] = &config_module,
	[ITEM_SYSCTL] = &config_sysctl,
	[ITEM_SCRATCH] = &config_scratch,
	[ITEM_SWAP] = &config_swap,
	[ITEM_GROUP] = &config_group,
	[ITEM_USER] = &config_user,
	[ITEM_MOUNT] = &config_mount,
	[ITEM_WIFI] = &config_wifi,
	[ITEM_FILE] = &config_file,
	[ITEM_UNIT] = &config_unit,
	/* The firmware and the kernel have read them. */
	[ITEM_KERNEL] = NULL,
	[ITEM_FIRMWARE] = NULL,
	[ITEM_ROOT] = NULL,
};

/* A document that was read from a file. */
struct kept {
	char *text;
	struct document document;
};

__attribute__((format(printf, 2, 3))) static void note(
	struct config_outcome *outcome, const char *format, ...)
{
	size_t used = strlen(outcome->text);
	va_list arguments;

	if (used > 0 && used + 2 < sizeof(outcome->text)) {
		str_copy(outcome->text + used, sizeof(outcome->text) - used, "; ");
		used += 2;
	}
	va_start(arguments, format);
	vsnprintf(outcome->text + used, sizeof(outcome->text) - used, format, arguments);
	va_end(arguments);
}

/* "sysctl vm.swappiness" */
static void describe(const struct item *item, char out[static CONFIG_REASON_SIZE])
{
	const struct item_kind_traits *traits = item_traits(item->kind);

	snprintf(out, CONFIG_REASON_SIZE, "%s%s%.150s", traits->word, traits->named ? " " : "",
		traits->named ? item->values[0] : "");
}

static void fail(struct config_outcome *outcome, const struct item *item, const char *reason)
{
	char what[CONFIG_REASON_SIZE];

	describe(item, what);
	outcome->failed++;
	note(outcome, "%s failed: %s", what, reason);
	log_error("%s can't be set: %s", what, reason);
}

static void wait_for_reboot(struct config_outcome *outcome, const struct item *item)
{
	char what[CONFIG_REASON_SIZE];

	describe(item, what);
	outcome->reboot++;
	note(outcome, "%s changes with the next boot", what);
}

/* NULL when there is none, or none that is understood. */
static struct kept *read_kept(const struct config_world *world, const char *name)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	char path[CONFIG_PATH_SIZE];
	unsigned line;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", world->state, name);
	if (kept && file_read(path, DOCUMENT_LIMIT, &kept->text, &size) == 0 &&
		document_parse(kept->text, &kept->document, &line) == 0)
		return kept;
	if (kept)
		free(kept->text);
	free(kept);
	return NULL;
}

static void free_kept(struct kept *kept)
{
	if (kept)
		free(kept->text);
	free(kept);
}

static int keep(const struct config_world *world, const char *name, const char *text)
{
	char path[CONFIG_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", world->state, name);
	return file_replace_if_different(path, text, strlen(text), 0600, NULL);
}

/* What the last document had and this one hasn't; the last first, as it was built on the others. */
static void take_back(struct config_world *world, const struct document *old,
	const struct document *fresh, struct config_outcome *outcome)
{
	for (size_t i = old->n; i-- > 0;) {
		const struct item *item = &old->items[i];
		const struct config_kind *kind = kinds[item->kind];
		char reason[CONFIG_REASON_SIZE] = "";

		if (document_find(fresh, item))
			continue;
		if (!kind || !kind->undo) {
			wait_for_reboot(outcome, item);
			continue;
		}
		if (kind->undo(world, item, reason) != 0)
			fail(outcome, item, reason);
		else
			outcome->applied++;
	}
}

static void reload_units(struct config_world *world, struct config_outcome *outcome)
{
	static const char *const reload[] = { "/usr/bin/systemctl", "daemon-reload", NULL };
	char reason[CONFIG_REASON_SIZE];

	if (world->units_changed && config_run(world, reload, reason) != 0) {
		outcome->failed++;
		note(outcome, "systemd doesn't read its units again: %s", reason);
	}
	world->units_changed = false;
	for (size_t i = 0; i < world->n_restarts; i++) {
		const char *const restart[] = { "/usr/bin/systemctl", "--no-block", "try-restart",
			world->restarts[i], NULL };

		if (!world->is_booting && config_run(world, restart, reason) != 0) {
			outcome->failed++;
			note(outcome, "%s can't be restarted: %s", world->restarts[i], reason);
		}
	}
	world->n_restarts = 0;
	if (world->sshd_changed && !world->is_booting) {
		static const char *const sshd[] = { "/usr/bin/systemctl", "--no-block",
			"try-reload-or-restart", "ssh.service", NULL };

		(void)config_run(world, sshd, reason);
	}
	world->sshd_changed = false;
}

/* What only a boot changes is compared with what this boot began with. */
static bool began_with(const struct kept *boot, const struct item *item)
{
	const struct item *then = boot ? document_find(&boot->document, item) : item;

	return then && item_is_equal(then, item);
}

static void apply_item(struct config_world *world, const struct kept *boot, const struct item *item,
	struct config_outcome *outcome)
{
	const struct config_kind *kind = kinds[item->kind];
	char reason[CONFIG_REASON_SIZE] = "";
	int differs;

	if (!world->is_first && !item_traits(item->kind)->set_live && !began_with(boot, item)) {
		wait_for_reboot(outcome, item);
		return;
	}
	if (!kind)
		return;
	differs = kind->differs(world, item, reason);
	if (differs > 0) {
		differs = kind->apply(world, item, reason);
		outcome->applied += differs == 0;
	}
	if (differs < 0)
		fail(outcome, item, reason);
}

static void apply_all(struct config_world *world, const struct kept *boot,
	const struct document *document, struct config_outcome *outcome)
{
	world->document = document;
	for (size_t i = 0; i < document->n; i++) {
		/* Their files are in place by now. */
		if (document->items[i].kind == ITEM_UNIT &&
			(i == 0 || document->items[i - 1].kind != ITEM_UNIT))
			reload_units(world, outcome);
		apply_item(world, boot, &document->items[i], outcome);
	}
	reload_units(world, outcome);
	world->document = NULL;
	if (document->unknown > 0) {
		outcome->failed++;
		note(outcome, "%u settings are unknown to this image's agent; build it again",
			document->unknown);
	}
}

int config_apply(struct config_world *world, char *text, struct config_outcome *outcome)
{
	struct document *document = calloc(1, sizeof(*document));
	struct kept *old = read_kept(world, "config"), *boot = read_kept(world, "config.boot");
	char *whole = strdup(text);
	int result = document && whole ? 0 : -ENOMEM;
	unsigned line = 0;

	*outcome = (struct config_outcome){ 0 };
	if (result == 0)
		result = document_parse(text, document, &line);
	if (result == -EBADMSG)
		log_error("line %u of the configuration is not understood", line);
	if (result == 0) {
		world->is_first = !boot;
		if (old)
			take_back(world, &old->document, document, outcome);
		apply_all(world, boot, document, outcome);
		if (world->is_first && keep(world, "config.boot", whole) != 0)
			log_error("what this boot began with can't be kept");
		if (keep(world, "config", whole) != 0)
			log_error("what was applied can't be kept");
	}
	free_kept(old);
	free_kept(boot);
	free(document);
	free(whole);
	return result;
}

int config_check(struct config_world *world, struct config_outcome *outcome)
{
	struct kept *kept = read_kept(world, "config"), *boot = read_kept(world, "config.boot");

	*outcome = (struct config_outcome){ 0 };
	world->document = kept ? &kept->document : NULL;
	for (size_t i = 0; kept && i < kept->document.n; i++) {
		const struct item *item = &kept->document.items[i];
		char reason[CONFIG_REASON_SIZE] = "", what[CONFIG_REASON_SIZE];
		int differs;

		if (!item_traits(item->kind)->set_live && !began_with(boot, item)) {
			wait_for_reboot(outcome, item);
			continue;
		}
		differs = kinds[item->kind] ? kinds[item->kind]->differs(world, item, reason) : 0;
		describe(item, what);
		if (differs > 0) {
			outcome->drifted++;
			note(outcome, "%s was changed on the node", what);
		} else if (differs < 0) {
			outcome->failed++;
			note(outcome, "%s failed: %s", what, reason);
		}
	}
	world->document = NULL;
	free_kept(boot);
	free_kept(kept);
	return kept ? 0 : -ENOENT;
}
