/* SPDX-License-Identifier: ISC */
#include "common/ipc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 64

size_t ipc_body_size(enum ipc_type type)
{
	switch (type) {
	case IPC_HELLO:
		return sizeof(struct ipc_hello);
	case IPC_RESOLVE:
		return sizeof(struct ipc_resolve);
	case IPC_RESOLVED:
		return sizeof(struct ipc_resolved);
	case IPC_TRANSFER:
		return sizeof(struct ipc_transfer);
	case IPC_API:
		return sizeof(struct ipc_api);
	case IPC_API_REPLY:
		return sizeof(struct ipc_api_reply);
	case IPC_DHCP:
		return sizeof(struct ipc_dhcp);
	case IPC_CONSOLE:
		return sizeof(struct ipc_console);
	case IPC_WAITS:
		return sizeof(struct ipc_waits);
	}
	return 0;
}

static bool terminated(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool strings_are_terminated(const struct ipc_message *message)
{
	switch ((enum ipc_type)message->header.type) {
	case IPC_RESOLVE:
		return terminated(message->body.resolve.name, IPC_NAME_SIZE);
	case IPC_RESOLVED:
		return terminated(message->body.resolved.key, HASH_TEXT_SIZE) &&
		       terminated(message->body.resolved.reason, IPC_REASON_SIZE);
	case IPC_TRANSFER:
		return terminated(message->body.transfer.reason, IPC_REASON_SIZE);
	case IPC_API:
		return terminated(message->body.api.path, IPC_PATH_SIZE);
	case IPC_API_REPLY:
		return terminated(message->body.api_reply.content_type,
			sizeof(message->body.api_reply.content_type));
	case IPC_DHCP:
		return terminated(message->body.dhcp.vendor_class,
			       sizeof(message->body.dhcp.vendor_class)) &&
		       terminated(message->body.dhcp.host_name,
			       sizeof(message->body.dhcp.host_name)) &&
		       message->body.dhcp.uuid_length <= sizeof(message->body.dhcp.uuid);
	case IPC_CONSOLE:
		return message->body.console.length <= IPC_CONSOLE_SIZE;
	case IPC_HELLO:
	case IPC_WAITS:
		return true;
	}
	return false;
}

int ipc_decode(uint8_t *packet, size_t length, struct ipc_message *message)
{
	size_t body, text;

	if (length < sizeof(message->header))
		return -EBADMSG;
	memcpy(&message->header, packet, sizeof(message->header));
	body = ipc_body_size((enum ipc_type)message->header.type);
	if (message->header.magic != IPC_MAGIC || message->header.reserved != 0 || body == 0 ||
		message->header.length != length - sizeof(message->header) ||
		message->header.length < body)
		return -EBADMSG;
	memcpy(&message->body, packet + sizeof(message->header), body);
	text = message->header.length - body;
	if (message->header.type == IPC_API
			? message->body.api.text_length != text || text > IPC_TEXT_LIMIT
			: text != 0)
		return -EBADMSG;
	if (!strings_are_terminated(message))
		return -EBADMSG;
	packet[length] = '\0';
	message->text = (char *)packet + sizeof(message->header) + body;
	return 0;
}

/* Take the first descriptor out of the control data; a second one is a violation and closed. */
static int take_descriptor(struct msghdr *header, int *fd)
{
	int result = header->msg_flags & (MSG_CTRUNC | MSG_TRUNC) ? -EBADMSG : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int received;

			memcpy(&received, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (*fd < 0) {
				*fd = received;
			} else {
				close(received);
				result = -EBADMSG;
			}
		}
	}
	return result;
}

int ipc_receive(int socket, uint8_t *buffer, struct ipc_message *message)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec vector = { .iov_base = buffer, .iov_len = IPC_PACKET_SIZE - 1 };
	struct msghdr header = {
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t length;
	int result;

	message->fd = -1;
	do
		length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	if (length == 0)
		return 0;
	result = take_descriptor(&header, &message->fd);
	if (result == 0)
		result = ipc_decode(buffer, (size_t)length, message);
	if (result == 0)
		return 1;
	if (message->fd >= 0)
		close(message->fd);
	message->fd = -1;
	return result;
}

int ipc_send(int socket, enum ipc_type type, uint32_t id, const void *body, const char *text,
	size_t text_length, int fd)
{
	size_t body_size = ipc_body_size(type);
	struct ipc_header head = {
		.magic = IPC_MAGIC,
		.type = (uint16_t)type,
		.length = (uint32_t)(body_size + text_length),
		.id = id,
	};
	struct iovec vector[3] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)(uintptr_t)body, .iov_len = body_size },
		{ .iov_base = (void *)(uintptr_t)text, .iov_len = text_length },
	};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr header = { .msg_iov = vector, .msg_iovlen = text_length ? 3 : 2 };
	ssize_t sent;

	if (body_size == 0 || text_length > IPC_TEXT_LIMIT)
		return -EINVAL;
	if (fd >= 0) {
		struct cmsghdr *c;

		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do
		sent = sendmsg(socket, &header, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static int socket_address(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	return str_copy(address->sun_path, sizeof(address->sun_path), path) ? 0 : -ENAMETOOLONG;
}

int ipc_connect(const char *path, enum ipc_role role)
{
	struct ipc_hello hello = { .role = (uint32_t)role, .pid = (uint32_t)getpid() };
	struct sockaddr_un address;
	int fd, result = socket_address(path, &address);

	if (result != 0)
		return result;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		result = -errno;
	if (result == 0)
		result = ipc_send(fd, IPC_HELLO, 0, &hello, NULL, 0, -1);
	if (result != 0) {
		close(fd);
		return result;
	}
	return fd;
}

int ipc_listen(const char *path)
{
	struct sockaddr_un address;
	int fd, result = socket_address(path, &address);

	if (result != 0)
		return result;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		chmod(path, 0666) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		result = -errno;
		close(fd);
		return result;
	}
	return fd;
}
