/* SPDX-License-Identifier: ISC */
#include "httpd/route.h"

#include <errno.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/files.h"

static void refuse_method(struct exchange *exchange, const char *allowed)
{
	exchange_refuse(exchange, 405, "this method isn't for this path");
	exchange_add_header(exchange, "Allow", allowed);
}

/* The name of a file under the exchange's path, or NULL: it isn't a file's. */
static const char *find_name(const struct exchange *exchange)
{
	if (!exchange->source->broker)
		return exchange->path;
	return strncmp(exchange->path, "boot/", 5) == 0 ? exchange->path + 5 : NULL;
}

static void refuse_wrong_method(struct exchange *exchange)
{
	enum request_method method = exchange->method;

	if (find_name(exchange)) {
		if (method != REQUEST_GET && method != REQUEST_HEAD)
			refuse_method(exchange, "GET, HEAD");
	} else if (strncmp(exchange->path, "v1/", 3) == 0) {
		if (method == REQUEST_HEAD || method == REQUEST_OTHER)
			refuse_method(exchange, "GET, POST, PUT, DELETE");
	} else {
		exchange_refuse(exchange, 404, "there is /boot/ and /v1/");
	}
}

void route_begin(struct exchange *exchange)
{
	struct request_target target;
	int result;

	if (exchange->method == REQUEST_UNKNOWN) {
		exchange_refuse(exchange, 501, "unknown method");
		return;
	}
	if (exchange->method == REQUEST_OTHER && strcmp(exchange->head.target, "*") == 0) {
		refuse_method(exchange, "GET, HEAD, POST, PUT, DELETE");
		return;
	}
	result = request_split_target(exchange->head.target, &target);
	if (result == 0)
		result = request_decode_path(
			target.path, target.path_length, exchange->path, sizeof(exchange->path));
	exchange->query = target.query;
	if (result == -EINVAL)
		exchange_refuse(exchange, 400, "malformed path");
	else if (result == -ENOENT)
		exchange_refuse(exchange, 404, "directories aren't listed");
	else if (result != 0)
		exchange_refuse(exchange, 414, "the path is too long");
	else
		refuse_wrong_method(exchange);
}

void route_answer(struct exchange *exchange)
{
	const char *name = find_name(exchange);

	if (name)
		files_answer(exchange, name);
	else
		api_answer(exchange, exchange->path, exchange->query);
}
