/* SPDX-License-Identifier: ISC */
/*
 * config.txt and cmdline.txt, or boot.ipxe, of one node. Settings: raspberrypi documentation,
 * config_txt (arm_64bit, enable_uart, upstream_kernel, kernel, initramfs, os_check).
 */
#include "boot/boot.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The kernel cuts at COMMAND_LINE_SIZE (2048 on arm64), NUL included. */
#define CMDLINE_LIMIT 2047

struct text {
	char *out;
	size_t size, length;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
	va_list arguments;
	int n;

	if (text->full)
		return;
	va_start(arguments, format);
	n = vsnprintf(text->out + text->length, text->size - text->length, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= text->size - text->length)
		text->full = true;
	else
		text->length += (size_t)n;
}

static void append_model(struct text *text, enum boot_model model)
{
	switch (model) {
	case BOOT_MODEL_PI5:
		/* The EEPROM otherwise refuses a kernel that doesn't announce a Pi 5. */
		append(text, "os_check=0\n");
		break;
	case BOOT_MODEL_PI4:
	case BOOT_MODEL_PI3:
	case BOOT_MODEL_PC:
	case BOOT_MODEL_UNKNOWN:
		break;
	}
}

static bool ends_with_newline(const char *lines)
{
	size_t length = strlen(lines);

	return length == 0 || lines[length - 1] == '\n';
}

int boot_render_config(const struct boot_context *context, char *out, size_t size)
{
	struct text text = { .out = out, .size = size };

	if (size == 0)
		return -ENOSPC;
	if (context->waits_as)
		append(&text, "# Rendered by Bramble for %s, a board that waits to be admitted.\n",
			context->waits_as);
	else
		append(&text,
			"# Rendered by Bramble for node %s; lines are added in bramble.conf.\n",
			context->node);
	append(&text, "[all]\n"
		      "arm_64bit=1\n"
		      "enable_uart=1\n"
		      "upstream_kernel=1\n"
		      "kernel=kernel8.img\n"
		      "initramfs initramfs8 followkernel\n");
	append_model(&text, context->model);
	append(&text, "%s%s", context->config_lines,
		ends_with_newline(context->config_lines) ? "" : "\n");
	return text.full ? -ENOSPC : (int)text.length;
}

/* One value of the kernel command line: a blank would begin the next one. */
static bool is_one_word(const char *word)
{
	for (; *word; word++)
		if ((unsigned char)*word <= ' ' || (unsigned char)*word >= 0x7f)
			return false;
	return true;
}

static bool is_one_line(const char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || (unsigned char)*line >= 0x7f)
			return false;
	return true;
}

static bool is_sound(const struct boot_context *context)
{
	if (context->waits_as)
		return is_one_word(context->waits_as) && is_one_line(context->kernel_arguments);
	return is_one_word(context->node) && is_one_word(context->token) &&
	       is_one_word(context->image) && is_one_word(context->image_hash) &&
	       (!context->verity || is_one_word(context->verity)) && is_one_word(context->data) &&
	       (!context->shared || is_one_word(context->shared)) &&
	       is_one_line(context->kernel_arguments);
}

static int render_arguments(
	const struct boot_context *context, const char *console, char *out, size_t size)
{
	struct text text = { .out = out, .size = size };
	char router[ADDRESS_TEXT_SIZE];

	if (size == 0)
		return -ENOSPC;
	if (!is_sound(context))
		return -EINVAL;
	str_format_address(context->router, router);
	append(&text, "bramble.router=%s", router);
	if (context->waits_as)
		append(&text, " bramble.wait=%s", context->waits_as);
	else
		append(&text, " bramble.node=%s bramble.token=%s", context->node, context->token);
	if (context->http_port != 0 && context->http_port != 80)
		append(&text, " bramble.port=%u", context->http_port);
	if (context->patience_s != 0)
		append(&text, " bramble.patience=%u bramble.join=%u", context->patience_s,
			context->patience_s);
	if (!context->waits_as)
		append(&text, " bramble.image=%s bramble.hash=%s bramble.data=%s", context->image,
			context->image_hash, context->data);
	if (context->verity && context->verity[0] && !context->waits_as)
		append(&text, " bramble.verity=%s", context->verity);
	if (context->in_memory && !context->waits_as)
		append(&text, " bramble.root=ram");
	if (context->shared && !context->waits_as)
		append(&text, " bramble.shared=%s", context->shared);
	append(&text, " console=%s,115200 console=tty1 panic=10", console);
	if (*context->kernel_arguments)
		append(&text, " %s", context->kernel_arguments);
	return text.full || text.length > CMDLINE_LIMIT ? -ENOSPC : (int)text.length;
}

int boot_render_cmdline(const struct boot_context *context, char *out, size_t size)
{
	return render_arguments(context, "serial0", out, size);
}

/* "${" would be a setting of iPXE's, "||" and "&&" its operators, '#' the begin of a comment: an
 * argument of the kernel that holds one can't be told by it. */
static bool is_plain_for_ipxe(const char *arguments)
{
	return !strstr(arguments, "${") && !strstr(arguments, "||") && !strstr(arguments, "&&") &&
	       !strstr(arguments, " #");
}

int boot_render_ipxe(const struct boot_context *context, char *out, size_t size)
{
	struct text text = { .out = out, .size = size };
	char arguments[CMDLINE_LIMIT + 1];
	int length = render_arguments(context, "ttyS0", arguments, sizeof(arguments));

	if (length < 0)
		return length;
	if (size == 0)
		return -ENOSPC;
	if (!is_plain_for_ipxe(arguments))
		return -EINVAL;
	append(&text, "#!ipxe\n");
	if (context->waits_as)
		append(&text, "# Rendered by Bramble for %s, a board that waits to be admitted.\n",
			context->waits_as);
	else
		append(&text, "# Rendered by Bramble for node %s.\n", context->node);
	/* UEFI's kernel finds the initramfs by its name on the command line (ipxe.org/appnote/
	 * uefi); whatever fails, the machine is to try again from power-on, as a Pi does. */
	append(&text,
		"kernel vmlinuz initrd=initramfs %s || goto again\n"
		"initrd initramfs || goto again\n"
		"boot || goto again\n"
		":again\n"
		"echo Bramble: the router has not sent all of it; starting over in 10 s\n"
		"sleep 10\n"
		"reboot\n",
		arguments);
	return text.full ? -ENOSPC : (int)text.length;
}
