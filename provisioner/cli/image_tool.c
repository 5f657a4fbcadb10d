/* SPDX-License-Identifier: ISC */
/* bramble image show, diff, verify, export, import: brambled knows which versions are meant,
 * bramble-image looks at their files, in a process of the caller's. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"

#define PROGRAM "bramble-image"
#define PATH_SIZE 1024
#define WORDS 10
#define VERSION_SIZE (NODE_NAME_SIZE + 1 + HASH_TEXT_SIZE)

/* Beside this program, as `make` and `make install` put it; else where PATH says. */
static void find_program(char out[static PATH_SIZE])
{
	static const char *const places[] = { "", "../sbin/" };
	char self[PATH_SIZE - 64];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length > 0) {
		self[length] = '\0';
		*strrchr(self, '/') = '\0';
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			snprintf(out, PATH_SIZE, "%s/%s" PROGRAM, self, places[i]);
			if (access(out, X_OK) == 0)
				return;
		}
	}
	snprintf(out, PATH_SIZE, PROGRAM);
}

/* Run it on our own streams: `words` are the verb and what stands behind it, up to NULL. */
static enum cli_exit run_program(struct cli *cli, const char *const *words)
{
	extern char **environ;
	char program[PATH_SIZE];
	const char *argv[WORDS + 5] = { program };
	size_t n = 1;
	int status, result;
	pid_t pid;

	find_program(program);
	while (*words && n <= WORDS)
		argv[n++] = *words++;
	if (cli->config) {
		argv[n++] = "--config";
		argv[n++] = cli->config;
	}
	if (cli->json)
		argv[n++] = "--json";
	fflush(cli->out);
	result = posix_spawnp(&pid, program, NULL, NULL, (char *const *)(uintptr_t)argv, environ);
	if (result != 0)
		return cli_complain(
			cli, CLI_FAILED, "%s can't be started: %s", program, strerror(result));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return cli_complain(cli, CLI_FAILED, "%s: %s", program, strerror(errno));
	if (!WIFEXITED(status))
		return cli_complain(
			cli, CLI_FAILED, "%s was ended by signal %d", program, WTERMSIG(status));
	return WEXITSTATUS(status) == 0		  ? CLI_OK
	       : WEXITSTATUS(status) == CLI_USAGE ? CLI_USAGE
						  : CLI_FAILED;
}

static const cJSON *find_image(const cJSON *json, const char *name)
{
	const cJSON *image;

	cJSON_ArrayForEach(image, json_member(json, "images"))
	{
		if (strcmp(json_text(image, "name"), name) == 0)
			return image;
	}
	return NULL;
}

static enum cli_exit ask(struct cli *cli, const char *path, cJSON **json)
{
	int status, result = cli_try(cli, path, CLIENT_TIMEOUT_MS, &status, json);

	if (result != 0)
		return cli_explain_failure(cli, result);
	if (status == 200)
		return CLI_OK;
	cli_complain(cli, CLI_NOT_FOUND, "%s", json_text(*json, "error"));
	cJSON_Delete(*json);
	*json = NULL;
	return status == 404 ? CLI_NOT_FOUND : CLI_FAILED;
}

/* "base", "base/previous" and "base/1a2b3c4d" as NAME/HASH; the hash of the latter is
 * bramble-image's to find. */
static enum cli_exit complete_version(
	struct cli *cli, const char *word, const char *otherwise, char out[static VERSION_SIZE])
{
	size_t length = strcspn(word, "/");
	const char *version = word[length] ? word + length + 1 : otherwise;
	char name[NODE_NAME_SIZE];
	enum cli_exit code;
	cJSON *json;

	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	if (length >= sizeof(name) || !str_is_node_name(name) || strlen(version) >= HASH_TEXT_SIZE)
		return cli_complain(cli, CLI_USAGE,
			"\"%s\" is no version; allowed: NAME, NAME/current, NAME/previous, or "
			"NAME/HASH with the beginning of its hash",
			word);
	snprintf(out, VERSION_SIZE, "%s/%s", name, version);
	if (strcmp(version, "current") != 0 && strcmp(version, "previous") != 0)
		return CLI_OK;
	code = ask(cli, "/v1/images", &json);
	if (code != CLI_OK)
		return code;
	if (*json_text(find_image(json, name), version))
		snprintf(out, VERSION_SIZE, "%s/%s", name,
			json_text(find_image(json, name), version));
	else
		code = cli_complain(
			cli, CLI_NOT_FOUND, "image %s has no %s version", name, version);
	cJSON_Delete(json);
	return code;
}

enum cli_exit image_show_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image show IMAGE[/VERSION]",
		.text = "What is in a version of an image (the current one when none is said): "
			"kernel,\nfirmware, enabled units, packages. VERSION is the beginning of "
			"its hash, \"current\"\nor \"previous\".\n",
		.min_words = 1,
		.max_words = 1,
	};
	char version[VERSION_SIZE];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = complete_version(cli, argv[0], "current", version);
	return code == CLI_OK ? run_program(cli, (const char *[]){ "show", version, NULL }) : code;
}

enum cli_exit image_verify_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image verify [IMAGE[/VERSION]]",
		.text = "Hash everything of all versions again, or of an image's, or of one: "
			"which is\ndamaged, and which of its files. Exit status 1 when one is.\n",
		.max_words = 1,
	};
	char version[VERSION_SIZE];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!argv[0] || !strchr(argv[0], '/'))
		return run_program(cli, (const char *[]){ "verify", argv[0], NULL });
	code = complete_version(cli, argv[0], "", version);
	return code == CLI_OK ? run_program(cli, (const char *[]){ "verify", version, NULL })
			      : code;
}

/* The image that has this version; `otherwise` when none has. The answer lives as long as `json`.
 */
static const char *find_owner(const cJSON *json, const char *hash, const char *otherwise)
{
	const cJSON *image, *version;

	cJSON_ArrayForEach(image, json_member(json, "images"))
	{
		cJSON_ArrayForEach(version, json_member(image, "versions"))
		{
			if (strcmp(json_text(version, "hash"), hash) == 0)
				return json_text(image, "name");
		}
	}
	return otherwise;
}

/* What the node runs, and what it gets at its next boot. */
static enum cli_exit find_of_node(struct cli *cli, const char *node,
	char running[static VERSION_SIZE], char next[static VERSION_SIZE])
{
	char path[IPC_PATH_SIZE];
	const char *image, *hash;
	enum cli_exit code;
	cJSON *json, *images = NULL;

	if (!str_is_node_name(node))
		return cli_complain(cli, CLI_USAGE, "\"%s\" is no name of a node", node);
	snprintf(path, sizeof(path), "/v1/nodes/%s", node);
	code = ask(cli, path, &json);
	if (code != CLI_OK)
		return code;
	image = json_text(json, "image");
	hash = json_text(json, "image_hash");
	snprintf(next, VERSION_SIZE, "%s/%s", image, json_text(json_member(json, "next"), "hash"));
	if (*hash == '\0')
		code = cli_complain(cli, CLI_NOT_FOUND, "%s has not booted yet", node);
	else if (next[strlen(image) + 1] == '\0')
		code = cli_complain(
			cli, CLI_NOT_FOUND, "image %s of %s has no version", image, node);
	else
		code = ask(cli, "/v1/images", &images);
	/* Its role may have got another image since. */
	snprintf(running, VERSION_SIZE, "%s/%s", find_owner(images, hash, image), hash);
	if (code == CLI_OK && strcmp(running, next) == 0 && !cli->json)
		fprintf(cli->out, "%s runs what it would get: %s %.12s.\n", node, image, hash);
	cJSON_Delete(images);
	cJSON_Delete(json);
	return code;
}

enum cli_exit image_diff_main(struct cli *cli, int argc, char **argv)
{
	const char *node = NULL;
	const struct args_option options[] = {
		{ "node", 'n', NULL, &node, "NODE  what would a reboot of this node change?" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "image diff IMAGE[/VERSION] [IMAGE[/VERSION]] | --node NODE",
		.text = "What the second version has (+), has no more (-) or has otherwise (~): "
			"kernel and\nfirmware, packages, units, files. Of one image alone: what "
			"came with its current\nversion since the previous one.\n",
		.max_words = 2,
		.options = options,
	};
	char before[VERSION_SIZE], after[VERSION_SIZE], name[NODE_NAME_SIZE] = "";
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!node == !argv[0])
		return cli_complain(cli, CLI_USAGE,
			"say two versions, or --node NODE; usage: "
			"bramble %s",
			syntax.usage);
	if (node) {
		code = find_of_node(cli, node, before, after);
	} else {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(argv[0], "/"), argv[0]);
		code = complete_version(cli, argv[0], argv[1] ? "current" : "previous", before);
		if (code == CLI_OK)
			code = complete_version(cli, argv[1] ? argv[1] : name, "current", after);
	}
	if (code != CLI_OK || (node && strcmp(before, after) == 0 && !cli->json))
		return code;
	return run_program(cli, (const char *[]){ "diff", before, after, NULL });
}

enum cli_exit image_export_main(struct cli *cli, int argc, char **argv)
{
	const char *output = NULL;
	const struct args_option options[] = {
		{ "output", 'o', NULL, &output, "FILE  where to; - for standard output" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "image export IMAGE[/VERSION] --output FILE",
		.text = "Write a version of an image (the current one when none is said) with its "
			"boot files\ninto one tar file, for `image import` on another router. It "
			"is verified first. The\nsame version always gives the same file.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	char version[VERSION_SIZE];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!output)
		return cli_complain(cli, CLI_USAGE, "say where to: --output FILE");
	code = complete_version(cli, argv[0], "current", version);
	return code == CLI_OK ? run_program(cli, (const char *[]){ "export", version, "--output",
							 output, NULL })
			      : code;
}

enum cli_exit image_import_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image import FILE",
		.text = "Take a version from a file that `image export` wrote (- for standard "
			"input). It\nis verified, and then there under its own name and hash; "
			"which version is current\ndoesn't change. A root that others made "
			"becomes an image by a recipe:\nbramble-image(8), \"from\".\n",
		.min_words = 1,
		.max_words = 1,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	return run_program(cli, (const char *[]){ "import", argv[0], NULL });
}
