/* SPDX-License-Identifier: ISC */
#include "common/denied.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>

/* What neither a hook nor a script of an image needs, and holes in kernels were reached by. */
static const int denied[] = { SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(fsopen),
	SCMP_SYS(fsmount), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(pivot_root),
	SCMP_SYS(chroot), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(io_uring_setup), SCMP_SYS(kexec_load),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(reboot), SCMP_SYS(quotactl), SCMP_SYS(acct) };

/* Namespaces made by clone(2), whose flags are its first argument (its second on no machine that
 * Debian runs Bramble on); those of clone3(2) can't be seen: the C library then takes clone(2). */
static int deny_namespaces(scmp_filter_ctx filter)
{
	static const unsigned long flags[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID,
		CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
	int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; result == 0 && i < sizeof(flags) / sizeof(flags[0]); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	return result;
}

int denied_take_away(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result = filter ? deny_namespaces(filter) : -ENOMEM;

	for (size_t i = 0; result == 0 && i < sizeof(denied) / sizeof(denied[0]); i++) {
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
		/* Not among the calls of this machine */
		if (result == -EDOM)
			result = 0;
	}
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}
