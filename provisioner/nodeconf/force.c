/* SPDX-License-Identifier: ISC */
#include "provisioner/nodeconf/force.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/nodes/by_node.h"

#define HOSTS_LIMIT (256u * 1024u) /* bytes of /etc/hosts */
/* While many nodes come, not each of them makes all others fetch their document again. */
#define HOSTS_NS (30 * NS_PER_S)
#define ROUND "nodeconf.round" /* a fact: how often it was applied again */

struct record {
	uint32_t node;
	uint64_t generation; /* of `wanted`; 0 = none */
	uint64_t broken;     /* generation of which the node can't be told its document */
	char wanted[NODECONF_HASH_SIZE];
	bool heard;
	struct nodeconf_report report;
};

struct nodeconf_force {
	char *text;
	struct nodeconf_sources *sources;
	struct nodeconf_inputs *inputs; /* NULL = to be made */
	uint64_t generation;		/* counts what changes documents; from 1 */
	int64_t round;
	char *hosts; /* lines of all nodes; NULL = to be made */
	uint8_t hosts_digest[NODECONF_DIGEST_SIZE];
	bool hosts_stale;
	uint64_t hosts_ns; /* when they were made */
	struct by_node records;
};

int nodeconf_start(struct brambled *brambled)
{
	struct nodeconf_force *force = calloc(1, sizeof(*force));
	struct conf_report *report = calloc(1, sizeof(*report));
	struct conf_error error;
	int result = force && report ? 0 : -ENOMEM;

	brambled->nodeconf = force;
	if (result == 0 && conf_read(brambled->config_path, &force->text, &error) != 0)
		force->text = strdup("");
	if (result == 0)
		result = nodeconf_read_sources(brambled->config_path, force->text,
			&brambled->settings, &force->sources, report);
	for (size_t i = 0; report && i < report->count; i++)
		log_error("%s", report->errors[i].text);
	free(report);
	if (result != 0)
		return result;
	force->generation = 1;
	force->records.size = sizeof(struct record);
	(void)registry_get_fact(brambled->registry, ROUND, &force->round);
	return 0;
}

void nodeconf_stop(struct brambled *brambled)
{
	struct nodeconf_force *force = brambled->nodeconf;

	if (!force)
		return;
	nodeconf_inputs_free(force->inputs);
	nodeconf_free_sources(force->sources);
	free(force->text);
	free(force->hosts);
	by_node_free(&force->records);
	free(force);
	brambled->nodeconf = NULL;
}

void nodeconf_take_over(struct brambled *brambled, char *text, struct nodeconf_sources *sources)
{
	struct nodeconf_force *force = brambled->nodeconf;

	free(force->text);
	nodeconf_free_sources(force->sources);
	nodeconf_inputs_free(force->inputs);
	force->text = text;
	force->sources = sources;
	force->inputs = NULL;
	force->generation++;
}

void nodeconf_nodes_changed(struct brambled *brambled)
{
	if (brambled->nodeconf)
		brambled->nodeconf->hosts_stale = true;
}

void nodeconf_apply_again(struct brambled *brambled)
{
	struct nodeconf_force *force = brambled->nodeconf;

	(void)registry_put_fact(brambled->registry, ROUND, ++force->round);
	force->generation++;
}

const char *nodeconf_text(const struct brambled *brambled)
{
	return brambled->nodeconf->text;
}

struct hosts {
	const struct settings *settings;
	char *text;
	size_t used;
};

/* "10.77.0.50 rasp1.lan rasp1" */
static int add_host(void *argument, const struct registry_node *node)
{
	struct hosts *hosts = argument;
	char line[256], address[ADDRESS_TEXT_SIZE];
	int length;

	str_format_address(node->address, address);
	length = snprintf(line, sizeof(line), "%s %s.%s %s\n", address, node->name,
		hosts->settings->lan_domain, node->name);
	if (length < 0 || (size_t)length >= sizeof(line) ||
		hosts->used + (size_t)length >= HOSTS_LIMIT)
		return -ENOSPC;
	memcpy(hosts->text + hosts->used, line, (size_t)length + 1);
	hosts->used += (size_t)length;
	return 0;
}

static void make_hosts(struct brambled *brambled)
{
	struct nodeconf_force *force = brambled->nodeconf;
	struct hosts hosts = { .settings = &brambled->settings, .text = malloc(HOSTS_LIMIT) };
	struct registry_node router = { .name = "router", .address = brambled->settings.router };

	if (!hosts.text)
		return;
	hosts.used = (size_t)snprintf(hosts.text, HOSTS_LIMIT, "127.0.0.1 localhost\n");
	(void)add_host(&hosts, &router);
	/* Where they are too many, DNS knows the others. */
	(void)registry_each_node(brambled->registry, add_host, &hosts);
	if (!force->hosts || strcmp(force->hosts, hosts.text) != 0) {
		free(force->hosts);
		force->hosts = hosts.text;
		crypto_generichash(force->hosts_digest, sizeof(force->hosts_digest),
			(const uint8_t *)hosts.text, hosts.used, NULL, 0);
		force->generation++;
	} else {
		free(hosts.text);
	}
	force->hosts_stale = false;
	force->hosts_ns = clock_monotonic_ns();
}

static void refresh_hosts(struct brambled *brambled)
{
	const struct nodeconf_force *force = brambled->nodeconf;

	if (!force->hosts ||
		(force->hosts_stale && clock_monotonic_ns() - force->hosts_ns >= HOSTS_NS))
		make_hosts(brambled);
}

/* A node that has just come finds itself in its own file, though the others' may be older. */
static char *hosts_of(struct brambled *brambled, const struct registry_node *node)
{
	struct nodeconf_force *force = brambled->nodeconf;
	struct hosts hosts = { .settings = &brambled->settings };
	char name[NODE_NAME_SIZE + 3];

	refresh_hosts(brambled);
	snprintf(name, sizeof(name), " %s\n", node->name);
	hosts.text = malloc(HOSTS_LIMIT);
	if (!hosts.text || !force->hosts)
		return hosts.text;
	hosts.used = strlen(force->hosts);
	memcpy(hosts.text, force->hosts, hosts.used + 1);
	if (!strstr(hosts.text, name))
		(void)add_host(&hosts, node);
	return hosts.text;
}

static struct nodeconf_facts facts_of(const struct registry_node *node, const char *hosts)
{
	return (struct nodeconf_facts){
		.node = node->name, .role = node->role, .address = node->address, .hosts = hosts
	};
}

int nodeconf_of_node(struct brambled *brambled, const struct registry_node *node,
	struct nodeconf **merged, char reason[static NODECONF_REASON_SIZE])
{
	char *hosts = hosts_of(brambled, node);
	const struct nodeconf_facts facts = facts_of(node, hosts ? hosts : "");
	int result = nodeconf_merge(
		&brambled->settings, brambled->nodeconf->sources, &facts, merged, reason);

	free(hosts);
	return result;
}

/* NULL without memory. */
static const struct nodeconf_inputs *inputs_of(struct brambled *brambled)
{
	struct nodeconf_force *force = brambled->nodeconf;

	if (!force->inputs)
		force->inputs = nodeconf_inputs_new(&brambled->settings, force->sources);
	return force->inputs;
}

int nodeconf_may_differ(struct brambled *brambled, const struct registry_node *node,
	const struct nodeconf_inputs *others, struct nodeconf_difference *difference)
{
	const struct nodeconf_facts facts = facts_of(node, "");
	const struct nodeconf_inputs *inputs = inputs_of(brambled);

	if (!inputs)
		return -ENOMEM;
	nodeconf_inputs_of(inputs, &facts, difference->old);
	nodeconf_inputs_of(others, &facts, difference->now);
	return memcmp(difference->old, difference->now, sizeof(difference->old)) != 0;
}

int nodeconf_compare(struct brambled *brambled, const struct registry_node *node,
	const struct settings *settings, const struct nodeconf_sources *sources,
	struct nodeconf **old, struct nodeconf **now, char reason[static NODECONF_REASON_SIZE])
{
	const struct nodeconf_facts facts = facts_of(node, "");
	int result = nodeconf_merge(
		&brambled->settings, brambled->nodeconf->sources, &facts, old, reason);

	*now = NULL;
	return result == 0 ? nodeconf_merge(settings, sources, &facts, now, reason) : result;
}

/* NULL without memory. */
static struct record *find_record(struct nodeconf_force *force, uint32_t node)
{
	return by_node_get_or_add(&force->records, node);
}

/* By what makes the document, not by its text: that of one of 10,000 nodes, with the addresses of
 * all, has 256 kB. */
static void hash_document(struct brambled *brambled, const struct registry_node *node,
	char hash[static NODECONF_HASH_SIZE])
{
	const struct nodeconf_force *force = brambled->nodeconf;
	const struct nodeconf_facts facts = facts_of(node, "");
	const struct nodeconf_inputs *inputs = inputs_of(brambled);
	uint8_t bytes[NODECONF_DIGEST_SIZE];
	crypto_generichash_state state;

	hash[0] = '\0';
	if (!inputs)
		return;
	nodeconf_inputs_of(inputs, &facts, bytes);
	crypto_generichash_init(&state, NULL, 0, sizeof(bytes));
	crypto_generichash_update(&state, bytes, sizeof(bytes));
	crypto_generichash_update(&state, force->hosts_digest, sizeof(force->hosts_digest));
	crypto_generichash_update(&state, (const uint8_t *)&force->round, sizeof(force->round));
	/* It may stand in its own /etc/hosts alone. */
	crypto_generichash_update(&state, (const uint8_t *)&node->address, sizeof(node->address));
	crypto_generichash_update(&state, (const uint8_t *)node->name, strlen(node->name));
	crypto_generichash_final(&state, bytes, sizeof(bytes));
	str_format_hex(bytes, NODECONF_HASH_SIZE / 2, hash);
}

char *nodeconf_document(struct brambled *brambled, const struct registry_node *node,
	char hash[static NODECONF_HASH_SIZE])
{
	struct record *record = find_record(brambled->nodeconf, node->id);
	char reason[NODECONF_REASON_SIZE], *text = NULL;
	struct nodeconf *merged;
	int result = nodeconf_of_node(brambled, node, &merged, reason);

	hash[0] = '\0';
	if (result == 0)
		text = nodeconf_format(merged);
	nodeconf_free(merged);
	if (text) {
		hash_document(brambled, node, hash);
		return text;
	}
	if (record && record->broken != brambled->nodeconf->generation) {
		record->broken = brambled->nodeconf->generation;
		log_error("%s can't be told its configuration: %s", node->name,
			result != 0 ? reason : "it is too long");
	}
	return NULL;
}

const char *nodeconf_hash(struct brambled *brambled, const struct registry_node *node)
{
	struct nodeconf_force *force = brambled->nodeconf;
	struct record *record = force ? find_record(force, node->id) : NULL;

	if (!record)
		return "";
	refresh_hosts(brambled);
	if (record->generation != force->generation) {
		record->generation = force->generation;
		hash_document(brambled, node, record->wanted);
	}
	return record->broken == force->generation ? "" : record->wanted;
}

static void take_text(const cJSON *body, const char *name, char *out, size_t size)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

	str_copy_visible(out, size, text ? text : "", text ? strlen(text) : 0);
}

static unsigned take_count(const cJSON *body, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);

	return cJSON_IsNumber(item) && item->valuedouble > 0 && item->valuedouble < 1e6
		       ? (unsigned)item->valuedouble
		       : 0;
}

/* What changed since the report before is told once. */
static void tell(struct brambled *brambled, const struct registry_node *node,
	const struct nodeconf_report *before, const struct nodeconf_report *now)
{
	bool same = strcmp(before->text, now->text) == 0;

	if (now->failed > 0 && !same)
		brambled_event(brambled, "config.failed", node->name,
			"%s can't take over its configuration: %.150s", node->name, now->text);
	else if (now->drifted > 0 && !same)
		brambled_event(brambled, "config.drift", node->name,
			"%s was changed behind Bramble's back: %.150s", node->name, now->text);
	else if (strcmp(before->hash, now->hash) != 0 && before->hash[0])
		brambled_event(brambled, "config.applied", node->name,
			"%s has taken over its configuration%s%.100s", node->name,
			*now->text ? "; " : "", now->text);
}

void nodeconf_hear(struct brambled *brambled, const struct registry_node *node, const cJSON *body)
{
	struct record *record =
		brambled->nodeconf ? find_record(brambled->nodeconf, node->id) : NULL;
	struct nodeconf_report before;

	/* A node that has applied nothing yet, or whose agent is older, says nothing. */
	if (!record || !cJSON_GetObjectItemCaseSensitive(body, "config"))
		return;
	before = record->report;
	take_text(body, "config", record->report.hash, sizeof(record->report.hash));
	take_text(body, "config_text", record->report.text, sizeof(record->report.text));
	take_text(body, "scratch", record->report.scratch, sizeof(record->report.scratch));
	record->report.failed = take_count(body, "config_failed");
	record->report.drifted = take_count(body, "config_drifted");
	record->report.reboot = take_count(body, "config_reboot");
	record->heard = true;
	tell(brambled, node, &before, &record->report);
}

const struct nodeconf_report *nodeconf_report(
	struct brambled *brambled, const struct registry_node *node)
{
	const struct record *record =
		brambled->nodeconf ? find_record(brambled->nodeconf, node->id) : NULL;

	return record && record->heard ? &record->report : NULL;
}

const char *nodeconf_state(struct brambled *brambled, const struct registry_node *node)
{
	const struct nodeconf_report *report = nodeconf_report(brambled, node);

	if (!report || !node->joined)
		return "unknown";
	if (strcmp(report->hash, nodeconf_hash(brambled, node)) != 0)
		return "pending";
	if (report->failed > 0)
		return "failed";
	if (report->drifted > 0)
		return "drift";
	return report->reboot > 0 ? "reboot" : "applied";
}
