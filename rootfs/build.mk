# SPDX-License-Identifier: ISC
include rootfs/image.mk rootfs/node.mk
