/* SPDX-License-Identifier: ISC */
/* What cases are made of: each function demands something of the server and fails the test with
 * what came instead. */
#ifndef BRAMBLE_CONFORMANCE_TFTP_EXPECT_H
#define BRAMBLE_CONFORMANCE_TFTP_EXPECT_H

#include "tests/conformance/tftp/exchange.h"
#include "tests/conformance/tftp/tree.h"

#define ANSWER_MS 2500u /* for the first answer, and for a packet that the server owes at once */
#define REPEAT_MS 6500u /* for one that it must send again */
#define AT_ONCE_MS 150u /* far below every server's first retransmission of an OACK or DATA 1 */

/* What a file must look like to the client. */
struct expected {
	const struct tree_file *file;
	uint64_t size;
	uint8_t *text; /* as netascii, else NULL */
};

/* A file of the tree in a mode ("netascii" in any case: translated). */
struct expected expect_file(struct test *test, const char *name, const char *mode);

/* A transfer in which everything was right so far. */
struct download {
	struct exchange *x;
	struct expected expected;
	uint32_t blksize, windowsize;
	uint64_t next;	   /* the block that must come now */
	unsigned repeated; /* DATA that had come before */
};

/* Request, and the first answer, whatever it is. A busy server may be silent: the request is sent
 * three times. */
enum heard ask(struct exchange *x, const char *name, const char *mode, const char *options);
/* As ask() in octet mode; demands an OACK. Without one the case isn't applicable when DATA came:
 * the server has no options. */
void ask_for_oack(struct exchange *x, const char *name, const char *options);

/* The value of an option in the OACK; not applicable if the server left it out. */
uint64_t granted(struct exchange *x, const char *name);

/* The last packet must be this. */
void expect_heard(struct exchange *x, enum heard heard, const char *instead_of);
void expect_error(struct exchange *x, int code); /* -1: any */
/* DATA with exactly the bytes of block `number`. */
void expect_block(
	struct exchange *x, const struct expected *expected, uint64_t number, uint32_t blksize);
/* Wait for it, and see that it is. */
void receive_block(struct exchange *x, const struct expected *expected, uint64_t number,
	uint32_t blksize, unsigned milliseconds);
/* No packet of this transfer for so long. */
void expect_silence(struct exchange *x, unsigned milliseconds, const char *when);

/* Request a file and take what is granted, up to DATA 1, which has come and isn't
 * acknowledged. */
void download_begin(struct download *d, struct exchange *x, const char *name, const char *mode,
	const char *options);
/* Acknowledge what has come and go on until block `number` has come (and isn't acknowledged). */
void download_until(struct download *d, uint64_t number);
/* … until the end, which is acknowledged. */
void download_rest(struct download *d);
/* Number of the last block. */
uint64_t download_last(const struct download *d);

/* A whole transfer from a new port; `options` may be NULL. */
void fetch(struct test *test, const char *name, const char *mode, const char *options);

/* Does the server still serve? */
void expect_alive(struct test *test);

#endif
