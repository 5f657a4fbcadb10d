/* SPDX-License-Identifier: ISC */
/* cmocka wants these four before its own header, in this order. */
#ifndef BRAMBLE_TEST_H
#define BRAMBLE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
