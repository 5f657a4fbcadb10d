/* SPDX-License-Identifier: ISC */
/* Any text: the settings that are accepted keep the promises that the rest of Bramble builds on. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/settings/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text it was reading when the grammar fails; ours to live with. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_lan(const struct settings *s)
{
	uint32_t router = ntohl(s->router.s_addr);
	uint32_t first = ntohl(s->range_first.s_addr), last = ntohl(s->range_last.s_addr);

	must(s->prefix_length >= 8 && s->prefix_length <= 30);
	must(router >= settings_first_host(s) && router <= settings_last_host(s));
	must(first >= settings_first_host(s) && first <= last && last <= settings_last_host(s));
	must(router < first || router > last);
	must(strlen(s->lan_interface) < 16 && !strpbrk(s->lan_interface, "/: \t\n"));
}

static void check_paths(const char *path)
{
	must(path[0] == '/' && path[1] != '\0');
	must(strspn(path, "/._-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
		strlen(path));
	must(!strstr(path, "/../") && !strstr(path, "//"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct conf_error error = { "" };
	struct settings settings;

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (settings_parse("fuzz", text, &settings, &error) == 0) {
		check_lan(&settings);
		check_paths(settings.share);
		check_paths(settings.run);
		check_paths(settings.libexec);
		must(strlen(settings.run) <= 80);
		must(str_is_node_name(settings.node_image));
		must(strstr(settings.node_pattern, "%d") == strchr(settings.node_pattern, '%'));
	} else {
		must(strncmp(error.text, "fuzz:", 5) == 0);
	}
	free(text);
	return 0;
}
