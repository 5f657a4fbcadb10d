/* SPDX-License-Identifier: ISC */
/* bramble image show, verify, export, import: brambled knows which versions are meant,
 * bramble-image looks at their files, in a process of the caller's. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/image_tool.h"
#include "provisioner/cli/json.h"

#define PROGRAM "bramble-image"
#define PATH_SIZE 1024
#define WORDS 10
#define ANSWER_LIMIT (64u << 20)

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

enum cli_exit image_run_program(struct cli *cli, const char *const *words, int out)
{
	extern char **environ;
	char program[PATH_SIZE];
	const char *argv[WORDS + 5] = { program };
	size_t n = 1;
	posix_spawn_file_actions_t actions;
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
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	result = posix_spawnp(
		&pid, program, &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
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

enum cli_exit image_ask_program(struct cli *cli, const char *const *words, cJSON **json)
{
	const bool wanted = cli->json;
	int fd = memfd_create("answer", MFD_CLOEXEC);
	char path[64], *text = NULL;
	enum cli_exit code;
	size_t size;

	*json = NULL;
	if (fd < 0)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cli->json = true;
	code = image_run_program(cli, words, fd);
	cli->json = wanted;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (code == CLI_OK && file_read(path, ANSWER_LIMIT, &text, &size) == 0)
		*json = cJSON_Parse(text);
	free(text);
	close(fd);
	if (code == CLI_OK && !*json)
		code = cli_complain(cli, CLI_FAILED, "what " PROGRAM " answered can't be read");
	return code;
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

enum cli_exit image_complete_version(struct cli *cli, const char *word, const char *otherwise,
	char out[static IMAGE_VERSION_SIZE])
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
	snprintf(out, IMAGE_VERSION_SIZE, "%s/%s", name, version);
	if (strcmp(version, "current") != 0 && strcmp(version, "previous") != 0)
		return CLI_OK;
	code = cli_get(cli, "/v1/images", &json);
	if (code != CLI_OK)
		return code;
	if (*json_text(find_image(json, name), version))
		snprintf(out, IMAGE_VERSION_SIZE, "%s/%s", name,
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
	char version[IMAGE_VERSION_SIZE];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = image_complete_version(cli, argv[0], "current", version);
	return code == CLI_OK ? image_run_program(cli, (const char *[]){ "show", version, NULL },
					STDOUT_FILENO)
			      : code;
}

enum cli_exit image_verify_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image verify [IMAGE[/VERSION]]",
		.text = "Hash everything of all versions again, or of an image's, or of one: "
			"which is\ndamaged, and which of its files. Exit status 1 when one is.\n",
		.max_words = 1,
	};
	char version[IMAGE_VERSION_SIZE];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!argv[0] || !strchr(argv[0], '/'))
		return image_run_program(
			cli, (const char *[]){ "verify", argv[0], NULL }, STDOUT_FILENO);
	code = image_complete_version(cli, argv[0], "", version);
	return code == CLI_OK ? image_run_program(cli, (const char *[]){ "verify", version, NULL },
					STDOUT_FILENO)
			      : code;
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
	char version[IMAGE_VERSION_SIZE];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!output)
		return cli_complain(cli, CLI_USAGE, "say where to: --output FILE");
	code = image_complete_version(cli, argv[0], "current", version);
	return code == CLI_OK
		       ? image_run_program(cli,
				 (const char *[]){ "export", version, "--output", output, NULL },
				 STDOUT_FILENO)
		       : code;
}

/* brambled finds versions by itself; it is told so that the events say where this one comes from.
 */
static void tell_arrival(struct cli *cli, const cJSON *arrival)
{
	cJSON *body = cJSON_CreateObject(), *answer = NULL;
	char path[IPC_PATH_SIZE];

	snprintf(path, sizeof(path), "/v1/images/%s/arrival", json_text(arrival, "image"));
	cJSON_AddStringToObject(body, "hash", json_text(arrival, "hash"));
	cli->quiet = true;
	if (cli_call(cli, IPC_POST, path, body, &answer) != CLI_OK)
		fprintf(cli->error, "The version is there all the same.\n");
	cli->quiet = false;
	cJSON_Delete(answer);
}

enum cli_exit image_import_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image import FILE",
		.text = "Take a version from a file that `image export` wrote (- for standard "
			"input). It\nis verified, and then there under its own name and hash; "
			"which "
			"version is\ncurrent doesn't change; with --dry-run it is only verified. A "
			"root "
			"that others\nmade becomes an image by a recipe: bramble-image(8), "
			"\"from\".\n",
		.min_words = 1,
		.max_words = 1,
	};
	const char *words[] = { "import", NULL, NULL, NULL };
	enum cli_exit code;
	cJSON *arrival;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	words[1] = argv[0];
	words[2] = cli->dry_run ? "--dry-run" : NULL;
	code = image_ask_program(cli, words, &arrival);
	if (code != CLI_OK)
		return code;
	if (cli->json)
		cli_print_json_line(cli, arrival);
	else
		fprintf(cli->out, "%s %.12s %s.\n", json_text(arrival, "image"),
			json_text(arrival, "hash"),
			cli->dry_run			   ? "is intact; nothing was published"
			: json_is_true(arrival, "existed") ? "is there already"
							   : "is there");
	if (!cli->dry_run && !json_is_true(arrival, "existed"))
		tell_arrival(cli, arrival);
	cJSON_Delete(arrival);
	return CLI_OK;
}
