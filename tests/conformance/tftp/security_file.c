/* SPDX-License-Identifier: ISC */
/* Files that change while they are sent, and what isn't a file. A client must get the old content
 * or an ERROR; never a mixture, and never a short file that looks whole. */
#include "tests/conformance/tftp/expect.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define OLD "size-200000"
#define NEW "size-65536"

struct changing {
	char path[300], other[310], name[32];
	struct download d;
};

/* A file of this case's own with the content of OLD, and a transfer of it up to block 20. */
static void begin(struct test *test, struct changing *c, const char *options)
{
	struct exchange *x = exchange_open(test);

	if (!test->target->tree)
		test_skip(test, "needs --tree");
	snprintf(c->name, sizeof(c->name), "changing-%u", test->number);
	snprintf(c->path, sizeof(c->path), "%.250s/%s", test->target->tree, c->name);
	snprintf(c->other, sizeof(c->other), "%s.new", c->path);
	if (tree_write(c->path, tree_find(OLD)) != 0)
		test_fail(test, "can't write %.150s", c->path);
	c->d = (struct download){ .x = x, .blksize = 512, .windowsize = 1, .next = 2 };
	c->d.expected = expect_file(test, OLD, "octet");
	if (ask(x, c->name, "octet", options) == HEARD_OACK) {
		c->d.windowsize = (uint32_t)granted(x, "windowsize");
		exchange_ack(x, 0);
		exchange_receive(x, ANSWER_MS);
	}
	expect_block(x, &c->d.expected, 1, 512);
	download_until(&c->d, 20);
}

/* Take what still comes: right blocks, then the end or an ERROR. Returns the bytes that the client
 * would believe are the whole file, or -1 if an ERROR said that it isn't. A server that reads ahead
 * may have more blocks of the old content. */
static long take_rest(struct changing *c)
{
	struct download *d = &c->d;

	for (;;) {
		uint64_t come = d->next - 1;

		if (come % d->windowsize == 0 || come == download_last(d))
			exchange_ack(d->x, (uint16_t)come);
		do
			exchange_receive(d->x, REPEAT_MS);
		while (d->x->heard == HEARD_DATA && (uint16_t)(come - d->x->block) < 100);
		if (d->x->heard == HEARD_ERROR)
			return -1;
		expect_heard(d->x, HEARD_DATA, "DATA or an ERROR");
		if (d->x->block != (uint16_t)d->next)
			continue;
		if (d->x->data_length < d->blksize)
			return (long)(come * d->blksize + d->x->data_length);
		expect_block(d->x, &d->expected, d->next++, d->blksize);
	}
}

static void tidy(const struct changing *c)
{
	unlink(c->path);
	unlink(c->other);
}

static void judge(struct test *test, struct changing *c)
{
	long size = take_rest(c);

	tidy(c);
	if (size >= 0 && (uint64_t)size != c->d.expected.size)
		test_fail(test, "a file of %ld bytes that looks whole, instead of %u", size,
			(unsigned)c->d.expected.size);
	test_observe(test, size < 0 ? "ended by an ERROR" : "the whole old file came");
}

static void truncated(struct test *test)
{
	struct changing c = { 0 };

	begin(test, &c, test->self->text);
	if (truncate(c.path, (off_t)test->self->number) != 0)
		test_fail(test, "can't cut the file");
	judge(test, &c);
}

static void replaced(struct test *test)
{
	struct changing c = { 0 };

	begin(test, &c, test->self->text);
	if (tree_write(c.other, tree_find(NEW)) != 0 || rename(c.other, c.path) != 0)
		test_fail(test, "can't replace the file");
	judge(test, &c);
}

static void deleted(struct test *test)
{
	struct changing c = { 0 };

	begin(test, &c, test->self->text);
	unlink(c.path);
	judge(test, &c);
}

/* More is behind the end than there was: the size at the beginning counts, or all of the new. */
static void grown(struct test *test)
{
	struct changing c = { 0 };
	long size;

	begin(test, &c, NULL);
	if (truncate(c.path, 300000) != 0)
		test_fail(test, "can't let the file grow");
	c.d.expected.size = 200000;
	/* Up to the old end everything is as it was. */
	download_until(&c.d, 200000 / 512);
	exchange_ack(c.d.x, (uint16_t)(200000 / 512));
	exchange_receive(c.d.x, REPEAT_MS);
	tidy(&c);
	expect_heard(c.d.x, HEARD_DATA, "DATA");
	size = (long)c.d.x->data_length;
	if (size != 200000 % 512 && size != 512)
		test_fail(test, "DATA of %ld bytes at the old end", size);
	test_observe(test, size == 512 ? "the file as it is now" : "the file as it was");
}

/* A server that waits for somebody to write into the FIFO is released, or no other case could
 * follow. */
static void release_fifo(const struct test *test)
{
	char path[300];
	int fd;

	if (!test->target->tree)
		return;
	snprintf(path, sizeof(path), "%.250s/fifo", test->target->tree);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	usleep(300000);
	if (fd >= 0)
		close(fd);
}

static void fifo(struct test *test)
{
	struct exchange *x = exchange_open(test), *other = exchange_open(test);

	exchange_request(x, "fifo", "octet", NULL);
	exchange_receive(x, ANSWER_MS);
	exchange_request(other, "size-513", "octet", NULL);
	exchange_receive(other, ANSWER_MS);
	release_fifo(test);
	if (other->heard == HEARD_NOTHING)
		test_fail(test, "it serves nobody while it opens the FIFO");
	expect_error(x, -1);
}

static void still_alive(struct test *test)
{
	fetch(test, "size-200000", "octet", "blksize=1468");
}

#define CASE .section = "security", .level = LEVEL_PRACTICE

static const struct conformance_case cases[] = {
	{ CASE, .name = "cut within a block: an ERROR, never a short file", .run = truncated,
		.number = 100100 },
	{ CASE, .name = "cut at a block's end: an ERROR, never a short file", .run = truncated,
		.number = 51200 },
	{ CASE, .name = "cut to nothing: an ERROR, never a short file", .run = truncated },
	{ CASE, .name = "cut within a window: an ERROR, never a short file", .run = truncated,
		.number = 100100, .text = "windowsize=8" },
	{ CASE, .name = "replaced by another file: the old one or an ERROR", .run = replaced },
	{ CASE, .name = "replaced within a window: the old one or an ERROR", .run = replaced,
		.text = "windowsize=8" },
	{ CASE, .name = "deleted: the whole old file or an ERROR", .run = deleted },
	{ CASE, .name = "grown: the size at the beginning, or the new one", .run = grown },
	{ CASE, .name = "a FIFO: an ERROR, and nobody waits", .run = fifo, .load = LOAD_ALONE },
	{ CASE, .name = "after all these cases the server serves", .run = still_alive,
		.load = LOAD_ALONE },
};

GROUP_TABLE(security_file_group, "Security: files that change or are none", cases);
