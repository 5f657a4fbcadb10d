/* SPDX-License-Identifier: ISC */
/* The system calls that a process may still make (seccomp). A program lists them in tables, each
 * with its reason beside it. */
#ifndef BRAMBLE_CALLS_H
#define BRAMBLE_CALLS_H

#include <seccomp.h>
#include <stddef.h>

#define CALL_CONDITIONS 3

struct call {
	int number; /* SCMP_SYS() */
	/* On its arguments: all must hold. A call may have several lines; any of them suffices. */
	struct scmp_arg_cmp conditions[CALL_CONDITIONS];
};

struct call_table {
	const struct call *calls;
	size_t n;
};

#define CALL_TABLE(table)                                                                          \
	{                                                                                          \
		(table), sizeof(table) / sizeof((table)[0])                                        \
	}

/* Lines of a table: */
#define CALL(name)                                                                                 \
	{                                                                                          \
		.number = SCMP_SYS(name), .conditions = { { 0 } }                                  \
	}
#define CALL_IF(name, ...)                                                                         \
	{                                                                                          \
		.number = SCMP_SYS(name), .conditions = { __VA_ARGS__ }                            \
	}
/* Conditions. Argument `i` (0 …) as the 32-bit number that the kernel takes it for, */
#define ARGUMENT_IS(i, value) ARGUMENT_BITS(i, 0xffffffff, value)
/* and only those of its bits that are in `mask`. */
#define ARGUMENT_BITS(i, mask, value)                                                              \
	{                                                                                          \
		(i), SCMP_CMP_MASKED_EQ, (mask), (value)                                           \
	}

/* What all confined processes need: the event loop, the log, the end; and to meet brambled, again
 * when it was restarted. */
extern const struct call_table calls_of_loop, calls_to_brambled;

/* From now on only these calls. One that starts a program or a process, looks into another one or
 * makes namespaces ends the process (SIGSYS): no library of ours ever does that, so somebody else's
 * code runs. Any other call fails with EPERM: a C library that asks for something new mustn't end
 * the transfers of a whole cluster, and gets no further by that. Calls of other architectures'
 * numbering end the process. Sets no_new_privs. Returns 0 or -errno. */
int calls_allow_only(const struct call_table tables[], size_t n);

#endif
