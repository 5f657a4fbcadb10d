/* SPDX-License-Identifier: ISC */
/* Which kubelet a root has: its build writes it down (ROOT_ABOUT_PATH). Pure. */
#ifndef BRAMBLE_ROOTFS_KUBELET_VERSION_H
#define BRAMBLE_ROOTFS_KUBELET_VERSION_H

#include <stdbool.h>

#include "rootfs/contents.h"

#define KUBELET_PATH "usr/bin/kubelet"
#define KUBELET_WORD "kubelet" /* of ROOT_ABOUT_PATH */
#define KUBELET_VERSION_SIZE 40

/* "v1.31.2" out of what `kubelet --version` prints, "Kubernetes v1.31.2". Returns 0 or -EBADMSG. */
int kubelet_parse_version(const char *said, char version[static KUBELET_VERSION_SIZE]);

/* The same of a version of an image, by its contents: what the build wrote down, else the version
 * of the package kubelet. False: neither is there. */
bool kubelet_find_version(
	const struct contents *contents, char version[static KUBELET_VERSION_SIZE]);

#endif
