/* SPDX-License-Identifier: ISC */
/*
 * Where a TFTP server's files come from. Alone: names against a real directory with everything in
 * it that isn't to be opened; each question is answered once, with one of the regular files of that
 * directory or with an errno that a client may hear. With brambled (whose connection is played
 * here; the real one has a target of its own): answers of every kind in any order, and an end with
 * questions open. No descriptor is left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/broker.h"
#include "tests/fuzz/world.h"
#include "tftpd/source.h"

#define OPEN 4u

/* Stands for common/broker.c. */
struct broker {
	struct question {
		broker_answer answer; /* NULL: free */
		void *argument;
	} questions[OPEN];
};

static struct broker *broker; /* the only one */

struct broker *broker_new(struct event_base *base, const char *path, enum ipc_role role,
	unsigned limit, unsigned patience_ms)
{
	(void)base;
	must(path != NULL && role == IPC_ROLE_TFTPD && limit > 0 && patience_ms > 0);
	broker = calloc(1, sizeof(*broker));
	return broker;
}

void broker_free(struct broker *gone)
{
	must(gone == broker);
	free(broker);
	broker = NULL;
}

int64_t broker_ask(struct broker *asked, enum ipc_type type, const void *body, const char *text,
	size_t text_length, broker_answer answer, void *argument)
{
	must(type == IPC_RESOLVE && body && !text && text_length == 0);
	for (unsigned i = 0; i < OPEN; i++) {
		if (asked->questions[i].answer)
			continue;
		asked->questions[i] = (struct question){ answer, argument };
		return i + 1;
	}
	return -EAGAIN;
}

void broker_tell(struct broker *told, enum ipc_type type, const void *body)
{
	must(told == broker && type == IPC_TRANSFER && body);
}

struct heard {
	unsigned answers;
};

static void take_answer(void *argument, const struct ipc_resolved *answer, int fd)
{
	struct heard *heard = argument;

	heard->answers++;
	must(answer != NULL);
	if (!answer)
		return; /* for the analyser */
	must((fd >= 0) == (answer->error == 0));
	must(answer->error == 0 || answer->error == ENOENT || answer->error == EACCES);
	if (fd < 0)
		return;
	must(fuzz_tree_holds(fd, answer->size));
	close(fd);
}

/* Names, each ended by NUL or the input's end. */
static void ask_directory(const uint8_t *bytes, size_t length)
{
	struct source *source = source_from_directory(fuzz_tree());
	const struct ipc_transfer transfer = { .transfer = 1 };

	must(source != NULL);
	must(!source_knows_leases(source));
	while (length > 0) {
		struct ipc_resolve request = { .protocol = IPC_TFTP };
		struct heard heard = { 0 };
		size_t taken = strnlen((const char *)bytes, length);

		if (taken < sizeof(request.name)) {
			memcpy(request.name, bytes, taken);
			must(source_ask(source, &request, take_answer, &heard) == 0);
			must(heard.answers == 1);
			source_report(source, &transfer);
		}
		taken = taken < length ? taken + 1 : length;
		bytes += taken;
		length -= taken;
	}
	source_free(source);
}

static void take_brambled_answer(void *argument, const struct ipc_resolved *answer, int fd)
{
	struct heard *heard = argument;

	heard->answers++;
	must(fd < 0 || (answer && answer->error == 0));
	if (fd >= 0)
		close(fd);
}

/* 0 nothing came in time, 1 a file, 2 a refusal, 3 something that is no answer to it */
static void answer_question(struct question *question, unsigned kind)
{
	struct ipc_message message = { .header = { .type = IPC_RESOLVED }, .fd = -1 };
	const struct question asked = *question;

	question->answer = NULL;
	if (kind == 2)
		message.body.resolved.error = EACCES;
	if (kind == 3)
		message.header.type = IPC_API_REPLY;
	if (kind == 1 || kind == 3)
		message.fd = fuzz_file(16);
	asked.answer(asked.argument, kind == 0 ? NULL : &message);
}

static void ask_brambled(const uint8_t *bytes, size_t length)
{
	struct source *source = source_from_brambled(NULL, "/run/bramble/ipc.sock");
	const struct ipc_resolve request = { .protocol = IPC_TFTP, .name = "config.txt" };
	const struct ipc_transfer transfer = { .transfer = 1 };
	struct heard heard = { 0 };
	unsigned asked = 0, answered = 0;

	must(source != NULL && source_knows_leases(source));
	for (size_t i = 0; i < length; i++) {
		struct question *question = &broker->questions[(bytes[i] >> 2) % OPEN];

		if (bytes[i] & 0x80) {
			bool room = asked - answered < OPEN;

			must((source_ask(source, &request, take_brambled_answer, &heard) == 0) ==
				room);
			asked += room;
		} else if (question->answer) {
			answer_question(question, bytes[i] & 3);
			must(heard.answers == ++answered);
		} else {
			source_report(source, &transfer);
		}
	}
	source_free(source);
	must(heard.answers == answered && !broker);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	(void)fuzz_tree();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint64_t descriptors = fuzz_descriptors();

	if (length == 0)
		return 0;
	if (bytes[0] & 1)
		ask_directory(bytes + 1, length - 1);
	else
		ask_brambled(bytes + 1, length - 1);
	must(fuzz_descriptors() == descriptors);
	return 0;
}
