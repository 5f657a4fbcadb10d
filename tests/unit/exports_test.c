/* SPDX-License-Identifier: ISC */
/* What is rendered and decided; the servers themselves are in tests/integration/exports_ganesha.sh
 * and tests/e2e/nfsd_guest.sh. */
#include "tests/unit/test.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "provisioner/exports/private.h"

static struct exports_node nodes[] = {
	{ .id = 1, .name = "rasp1" },
	{ .id = 7, .name = "rasp7" },
};

static struct settings settings = {
	.share = "/srv/bramble",
	.run = "/run/bramble",
};

static struct exports exports = {
	.settings = &settings,
	.network = "10.77.0.0/24",
	.nodes = nodes,
	.n = 2,
};

static int set_addresses(void **state)
{
	(void)state;
	log_init("test", LOG_LEVEL_ERROR);
	str_parse_address("10.77.0.1", &settings.router);
	str_parse_address("255.255.255.0", &settings.netmask);
	settings.prefix_length = 24;
	str_parse_address("10.77.0.21", &nodes[0].address);
	str_parse_address("10.77.0.27", &nodes[1].address);
	return 0;
}

static char *render(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	exports_render_ganesha(out, &exports);
	fclose(out);
	return text;
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* The EXPORT block with this Export_Id. */
static char *block(const char *text, unsigned id)
{
	char wanted[64];
	const char *begin, *end;

	snprintf(wanted, sizeof(wanted), "EXPORT {\n\tExport_Id = %u;\n", id);
	begin = strstr(text, wanted);
	assert_non_null(begin);
	end = strstr(begin, "\n}\n");
	assert_non_null(end);
	return strndup(begin, (size_t)(end - begin));
}

static void ganesha_exports_a_node_to_its_address_alone(void **state)
{
	char *text = render(), *node = block(text, 107), *images = block(text, 1),
	     *shared = block(text, 2);

	(void)state;
	assert_non_null(strstr(node, "Path = \"/srv/bramble/nodes/rasp7\";"));
	assert_non_null(strstr(node, "Pseudo = \"/srv/bramble/nodes/rasp7\";"));
	assert_int_equal(count(node, "CLIENT"), 1);
	assert_non_null(strstr(node, "Clients = 10.77.0.27; Access_Type = RW;"));
	assert_int_equal(count(images, "CLIENT"), 1);
	assert_non_null(strstr(images, "Clients = 10.77.0.0/24; Access_Type = RO;"));
	assert_int_equal(count(shared, "CLIENT"), 2);
	assert_null(strstr(shared, "10.77.0.0/24"));
	/* Who is no client has nothing. */
	assert_non_null(strstr(text, "Access_Type = None;"));
	assert_int_equal(count(text, "\nEXPORT {"), 4);
	free(node);
	free(images);
	free(shared);
	free(text);
}

static void ganesha_serves_only_nfs_4_1_and_later_on_the_lan(void **state)
{
	char *text = render();

	(void)state;
	assert_non_null(strstr(text, "Minor_Versions = 1, 2;"));
	assert_non_null(strstr(text, "Bind_addr = 10.77.0.1;"));
	assert_non_null(strstr(text, "RecoveryRoot = \"/srv/bramble/state/ganesha\";"));
	assert_int_equal(count(text, "Protocols = 3"), 0);
	free(text);
}

static const struct exports_entry *find(
	const struct exports_entry *entries, size_t n, const char *path, const char *client)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(entries[i].path, path) == 0 && strcmp(entries[i].client, client) == 0)
			return &entries[i];
	}
	fail_msg("no entry for %s to %s", path, client);
	return NULL;
}

static void the_kernel_gets_one_entry_per_directory_and_client(void **state)
{
	const struct exports_entry *entry;
	struct exports_entry *entries;
	char options[128];
	size_t n;

	(void)state;
	entries = exports_list_entries(&exports, &n);
	assert_non_null(entries);
	assert_int_equal(n, 5);
	entry = find(entries, n, "/srv/bramble/images", "10.77.0.0/24");
	exports_format_options(entry, options, sizeof(options));
	assert_string_equal(
		options, "ro,sync,no_root_squash,no_subtree_check,sec=sys,fsid=1112670209");
	entry = find(entries, n, "/srv/bramble/nodes/rasp7", "10.77.0.27");
	exports_format_options(entry, options, sizeof(options));
	assert_string_equal(
		options, "rw,sync,no_root_squash,no_subtree_check,sec=sys,fsid=1112670315");
	assert_true(find(entries, n, "/srv/bramble/shared", "10.77.0.21")->writable);
	/* The same directory has one number for all its clients, different ones have different
	 * numbers. */
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++)
			assert_int_equal(strcmp(entries[i].path, entries[j].path) == 0,
				entries[i].fsid == entries[j].fsid);
	}
	free(entries);
}

static void etab_lines_are_parsed_or_refused(void **state)
{
	static const struct {
		const char *line, *path, *client;
	} cases[] = {
		{ "/srv/bramble/images\t10.77.0.0/24(ro,sync,wdelay,hide)", "/srv/bramble/images",
			"10.77.0.0/24" },
		{ "/srv/bramble/nodes/a\t10.77.0.9(rw)", "/srv/bramble/nodes/a", "10.77.0.9" },
		{ "/srv/with\\040blank\t10.77.0.9(rw)", NULL, NULL },
		{ "/srv/x 10.77.0.9(rw)", NULL, NULL },
		{ "/srv/x\t10.77.0.9", NULL, NULL },
		{ "/srv/x\t(rw)", NULL, NULL },
		{ "srv/x\t10.77.0.9(rw)", NULL, NULL },
		{ "\t10.77.0.9(rw)", NULL, NULL },
		{ "/x\ta-client-name-longer-than-any-address(rw)", NULL, NULL },
		{ "", NULL, NULL },
	};
	struct exports_entry entry;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int result = exports_parse_etab_line(cases[i].line, &entry);

		if (!cases[i].path) {
			if (result != -EBADMSG)
				fail_msg("accepted: %s", cases[i].line);
			continue;
		}
		assert_int_equal(result, 0);
		assert_string_equal(entry.path, cases[i].path);
		assert_string_equal(entry.client, cases[i].client);
	}
}

/* A server that only notes what it is asked for. */
static struct {
	unsigned applied;
	int result;
} server;

static int note_apply(struct exports *changed, char *reason, size_t size)
{
	(void)changed;
	server.applied++;
	snprintf(reason, size, "as told");
	return server.result;
}

static const struct exports_server noting = { .name = "noting", .apply = note_apply };

static void only_changes_reach_the_server(void **state)
{
	struct settings own = settings;
	struct exports changed = { .settings = &own, .server = &noting };
	struct exports_node both[2], reversed[2];
	char reason[160], path[320];

	(void)state;
	str_copy(own.share, sizeof(own.share), "/tmp/bramble-exports-XXXXXX");
	assert_non_null(mkdtemp(own.share));
	memcpy(both, nodes, sizeof(both));
	reversed[0] = nodes[1];
	reversed[1] = nodes[0];
	assert_int_equal(exports_set_nodes(&changed, NULL, 0, reason, sizeof(reason)), -ENOENT);
	snprintf(path, sizeof(path), "%s/nodes", own.share);
	assert_int_equal(rmdir(path), -1);
	assert_int_equal(exports_set_nodes(&changed, both, 2, reason, sizeof(reason)), 0);
	assert_int_equal(server.applied, 1);
	assert_int_equal(exports_set_nodes(&changed, reversed, 2, reason, sizeof(reason)), 0);
	assert_int_equal(server.applied, 1);
	snprintf(path, sizeof(path), "%s/nodes/rasp7", own.share);
	assert_int_equal(access(path, F_OK), 0);
	both[1].address.s_addr++;
	assert_int_equal(exports_set_nodes(&changed, both, 2, reason, sizeof(reason)), 0);
	assert_int_equal(server.applied, 2);
	/* What failed is tried again. */
	server.result = -EIO;
	assert_int_equal(exports_set_nodes(&changed, both, 1, reason, sizeof(reason)), -EIO);
	assert_string_equal(reason, "as told");
	server.result = 0;
	assert_int_equal(exports_set_nodes(&changed, both, 1, reason, sizeof(reason)), 0);
	assert_int_equal(server.applied, 4);
	/* Node directories stay when a node goes. */
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/nodes/rasp1", own.share);
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof(path), "%s/nodes", own.share);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(own.share), 0);
	free(changed.nodes);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
static unsigned directories;

int __wrap_mkdir(const char *path, mode_t mode)
{
	directories++;
	return __real_mkdir(path, mode);
}

/* In a storm of new boards each comes here with all that were there before it. */
static void a_node_more_is_a_directory_more(void **state)
{
	struct settings own = settings;
	struct exports changed = { .settings = &own, .server = &noting };
	struct exports_node many[20];
	char reason[160], path[320];

	(void)state;
	str_copy(own.share, sizeof(own.share), "/tmp/bramble-exports-XXXXXX");
	assert_non_null(mkdtemp(own.share));
	for (unsigned i = 0; i < 20; i++) {
		many[i] = (struct exports_node){ .id = i + 1 };
		snprintf(many[i].name, sizeof(many[i].name), "rasp%u", i + 1);
	}
	assert_int_equal(exports_set_nodes(&changed, many, 1, reason, sizeof(reason)), 0);
	directories = 0;
	for (unsigned n = 2; n <= 20; n++)
		assert_int_equal(exports_set_nodes(&changed, many, n, reason, sizeof(reason)), 0);
	assert_int_equal(directories, 19);
	/* Where the server failed, perhaps because one is gone, all are seen to. */
	snprintf(path, sizeof(path), "%s/nodes/rasp5", own.share);
	assert_int_equal(rmdir(path), 0);
	server.result = -ENOENT;
	assert_int_equal(exports_set_nodes(&changed, many, 19, reason, sizeof(reason)), -ENOENT);
	server.result = 0;
	assert_int_equal(exports_set_nodes(&changed, many, 19, reason, sizeof(reason)), 0);
	assert_int_equal(rmdir(path), 0);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(path, sizeof(path), "%s/nodes/%s", own.share, many[i].name);
		(void)rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/nodes", own.share);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(own.share), 0);
	free(changed.nodes);
}

static void impossible_nodes_are_refused(void **state)
{
	static const char *const names[] = { "../etc", "", "a/b", "A", "a\nEXPORT" };
	struct exports changed = { .settings = &settings, .server = &noting };
	struct exports_node bad[2] = { nodes[0], nodes[1] };
	char reason[160];

	(void)state;
	server.applied = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		str_copy(bad[1].name, sizeof(bad[1].name), names[i]);
		assert_int_equal(
			exports_set_nodes(&changed, bad, 2, reason, sizeof(reason)), -EINVAL);
	}
	str_copy(bad[1].name, sizeof(bad[1].name), "rasp2");
	bad[1].id = bad[0].id;
	assert_int_equal(exports_set_nodes(&changed, bad, 2, reason, sizeof(reason)), -EINVAL);
	assert_string_equal(reason, "nodes rasp1 and rasp2 have the same number 1");
	assert_int_equal(server.applied, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ganesha_exports_a_node_to_its_address_alone),
		cmocka_unit_test(ganesha_serves_only_nfs_4_1_and_later_on_the_lan),
		cmocka_unit_test(the_kernel_gets_one_entry_per_directory_and_client),
		cmocka_unit_test(etab_lines_are_parsed_or_refused),
		cmocka_unit_test(only_changes_reach_the_server),
		cmocka_unit_test(a_node_more_is_a_directory_more),
		cmocka_unit_test(impossible_nodes_are_refused),
	};

	return cmocka_run_group_tests_name("exports", tests, set_addresses, NULL);
}
