/* SPDX-License-Identifier: ISC */
#include "common/calls.h"

#include <errno.h>

/* What only an intruder's code would do here. */
static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
};

static int add_table(scmp_filter_ctx filter, const struct call_table *table)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < table->n; i++) {
		const struct call *call = &table->calls[i];
		unsigned n = 0;

		while (n < CALL_CONDITIONS && call->conditions[n].op != 0)
			n++;
		result = seccomp_rule_add_array(
			filter, SCMP_ACT_ALLOW, call->number, n, call->conditions);
	}
	return result;
}

int calls_allow_only(const struct call_table tables[], size_t n)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = 0;

	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; result == 0 && i < n; i++)
		result = add_table(filter, &tables[i]);
	for (size_t i = 0; result == 0 && i < sizeof(deadly) / sizeof(deadly[0]); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}
