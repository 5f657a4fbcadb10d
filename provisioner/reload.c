/* SPDX-License-Identifier: ISC */
#include "provisioner/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"
#include "provisioner/network/network.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/packages.h"

bool reload_needs_restart(const struct settings *old, const struct settings *new)
{
	return strcmp(old->lan_interface, new->lan_interface) != 0 ||
	       strcmp(old->lan_address, new->lan_address) != 0 ||
	       strcmp(old->lan_domain, new->lan_domain) != 0 ||
	       strcmp(old->lan_upstream_dns, new->lan_upstream_dns) != 0 ||
	       old->probe_s != new->probe_s || strcmp(old->share, new->share) != 0 ||
	       old->nfs != new->nfs || old->kubernetes_engine != new->kubernetes_engine ||
	       strcmp(old->hooks, new->hooks) != 0 ||
	       old->hooks_timeout_s != new->hooks_timeout_s || strcmp(old->run, new->run) != 0 ||
	       strcmp(old->libexec, new->libexec) != 0 || old->tftp_port != new->tftp_port ||
	       old->http_port != new->http_port || old->tftp_sessions != new->tftp_sessions ||
	       old->tftp_file_time_s != new->tftp_file_time_s || old->log_level != new->log_level;
}

/* What is inside nodes. */
static void take_over_insides(struct settings *running, const struct settings *fresh)
{
	running->n_node_settings = fresh->n_node_settings;
	running->n_groups = fresh->n_groups;
	running->n_users = fresh->n_users;
	running->n_mounts = fresh->n_mounts;
	running->n_files = fresh->n_files;
	running->n_units = fresh->n_units;
	memcpy(running->node_settings, fresh->node_settings, sizeof(running->node_settings));
	memcpy(running->groups, fresh->groups, sizeof(running->groups));
	memcpy(running->users, fresh->users, sizeof(running->users));
	memcpy(running->mounts, fresh->mounts, sizeof(running->mounts));
	memcpy(running->files, fresh->files, sizeof(running->files));
	memcpy(running->units, fresh->units, sizeof(running->units));
}

/* What nodes and boards meet takes effect at once; the rest at the next start. */
static void take_over(struct settings *running, const struct settings *fresh)
{
	running->join = fresh->join;
	running->heartbeat_s = fresh->heartbeat_s;
	running->absent_after_s = fresh->absent_after_s;
	running->stuck_after_s = fresh->stuck_after_s;
	running->swap_after_s = fresh->swap_after_s;
	running->fallback_after = fresh->fallback_after;
	running->patience_s = fresh->patience_s;
	running->range_first = fresh->range_first;
	running->range_last = fresh->range_last;
	str_copy(running->node_pattern, sizeof(running->node_pattern), fresh->node_pattern);
	str_copy(running->node_image, sizeof(running->node_image), fresh->node_image);
	str_copy(running->kernel_arguments, sizeof(running->kernel_arguments),
		fresh->kernel_arguments);
	running->drain_s = fresh->drain_s;
	running->drain_overdue = fresh->drain_overdue;
	str_copy(running->cache, sizeof(running->cache), fresh->cache);
	running->store = fresh->store;
	running->store_mb = fresh->store_mb;
	running->package_cache = fresh->package_cache;
	running->n_roles = fresh->n_roles;
	running->n_rules = fresh->n_rules;
	memcpy(running->roles, fresh->roles, sizeof(running->roles));
	memcpy(running->rules, fresh->rules, sizeof(running->rules));
	take_over_insides(running, fresh);
}

int reload_read(struct brambled *brambled, struct reload **read, struct conf_report *report)
{
	struct reload *fresh = calloc(1, sizeof(*fresh));
	int result = fresh ? conf_read(brambled->config_path, &fresh->text, &report->errors[0])
			   : -ENOMEM;

	report->count = result != 0 && fresh;
	*read = fresh;
	if (result == 0)
		result = settings_check_text(
			brambled->config_path, fresh->text, &fresh->settings, report);
	if (result == 0)
		result = nodeconf_read_sources(brambled->config_path, fresh->text, &fresh->settings,
			&fresh->sources, report);
	return result;
}

void reload_free(struct reload *read)
{
	if (!read)
		return;
	nodeconf_free_sources(read->sources);
	free(read->text);
	free(read);
}

/* dnsmasq tells PCs where their files are only if a rule takes them. */
static void follow_pcs(struct brambled *brambled)
{
	int result = network_render_config(&brambled->settings);

	if (result == 0)
		result = supervise_restart(brambled->supervisor, "dnsmasq");
	if (result != 0 && result != -ESRCH)
		log_error("dnsmasq doesn't follow the rules for PCs: %s", strerror(-result));
}

void reload_take_over(struct brambled *brambled, struct reload *read)
{
	bool pcs = rules_take_pcs(&brambled->settings);
	bool restart = reload_needs_restart(&brambled->settings, &read->settings);

	/* A range goes with its network, which stays. */
	if (strcmp(brambled->settings.lan_address, read->settings.lan_address) != 0) {
		read->settings.range_first = brambled->settings.range_first;
		read->settings.range_last = brambled->settings.range_last;
	}
	take_over(&brambled->settings, &read->settings);
	if (brambled->supervisor && pcs != rules_take_pcs(&brambled->settings))
		follow_pcs(brambled);
	if (brambled->supervisor)
		(void)packages_start(brambled->supervisor, &brambled->settings);
	nodeconf_take_over(brambled, read->text, read->sources);
	read->text = NULL;
	read->sources = NULL;
	brambled->publish_due = true;
	brambled_event(brambled, "config.reloaded", "", "the configuration was read again%s",
		restart ? "; some of what changed takes effect at the next start" : "");
}

int reload_configuration(struct brambled *brambled, struct conf_report *report)
{
	struct reload *read;
	int result = reload_read(brambled, &read, report);

	if (result == 0)
		reload_take_over(brambled, read);
	reload_free(read);
	return result;
}
