/* SPDX-License-Identifier: ISC */
/* Attempts on sockets, and on what brambled trusts of its own. */
#include "tests/escape/escape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define IPCS (TFTPD_IPC | HTTPD_IPC)
#define TFTPDS (TFTPD_IPC | TFTPD_ROOT)

static int connect_inet(int type, int protocol, uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, protocol);

	if (fd < 0)
		return -errno;
	return outcome(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static int connect_tcp(void)
{
	return connect_inet(SOCK_STREAM, 0, scene.tcp_port);
}

static int connect_multipath(void)
{
	return connect_inet(SOCK_STREAM, IPPROTO_MPTCP, scene.tcp_port);
}

static int connect_udp(void)
{
	return connect_inet(SOCK_DGRAM, 0, 53);
}

static int bind_inet(int type, uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		return -errno;
	return outcome(bind(fd, (const struct sockaddr *)&address, sizeof(address)));
}

static int listen_tcp(void)
{
	return bind_inet(SOCK_STREAM, 4711);
}

static int bind_dhcp_port(void)
{
	return bind_inet(SOCK_DGRAM, 67);
}

static int open_raw(void)
{
	return outcome(socket(AF_INET, SOCK_RAW, IPPROTO_UDP));
}

static int open_packet(void)
{
	return outcome(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)));
}

static int open_packet_datagram(void)
{
	return outcome(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)));
}

static int open_netlink(void)
{
	return outcome(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

static int open_ping(void)
{
	return outcome(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}

static int open_inet6(void)
{
	return outcome(socket(AF_INET6, SOCK_DGRAM, 0));
}

static int open_cipher(void)
{
	return outcome(socket(AF_ALG, SOCK_SEQPACKET, 0));
}

static int open_machine(void)
{
	return outcome(socket(AF_VSOCK, SOCK_STREAM, 0));
}

static int connect_unix(int type, const char *name, socklen_t length)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0)
		return -errno;
	memcpy(address.sun_path, name, length);
	length += (socklen_t)offsetof(struct sockaddr_un, sun_path);
	return connect(fd, (const struct sockaddr *)&address, length) == 0 ? fd : -errno;
}

/* The name begins with NUL. */
static int connect_abstract(void)
{
	socklen_t length = (socklen_t)(strlen(scene.abstract + 1) + 1);
	int fd = connect_unix(SOCK_SEQPACKET, scene.abstract, length);

	return fd < 0 ? fd : 0;
}

static int connect_stream(void)
{
	int fd = connect_unix(SOCK_STREAM, scene.stream, (socklen_t)strlen(scene.stream) + 1);

	return fd < 0 ? fd : 0;
}

static int connect_private(void)
{
	int fd = connect_unix(SOCK_SEQPACKET, scene.private, (socklen_t)strlen(scene.private) + 1);

	return fd < 0 ? fd : 0;
}

static int make_pair(void)
{
	int pair[2];

	return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

/* Tell brambled to be root's process 1. */
static int forge_credentials(void)
{
	int fd = connect_unix(SOCK_SEQPACKET, scene.ipc, (socklen_t)strlen(scene.ipc) + 1);
	const struct ucred credentials = { .pid = 1, .uid = 0, .gid = 0 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(credentials))];
	} control = { 0 };
	struct iovec vector = { (char[]){ 'x' }, 1 };
	const struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	if (fd < 0)
		return fd;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(credentials));
	memcpy(CMSG_DATA(c), &credentials, sizeof(credentials));
	return outcome(sendmsg(fd, &header, 0));
}

union one_descriptor {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static struct msghdr describe_message(union one_descriptor *control, struct iovec *vector)
{
	return (struct msghdr){ .msg_iov = vector,
		.msg_iovlen = 1,
		.msg_control = control->bytes,
		.msg_controllen = sizeof(control->bytes) };
}

/* An accomplice's message with a directory waits in scene.fd. */
static void pass_directory(void)
{
	int pair[2], directory = open(scene.directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct iovec vector = { (char[]){ 'x' }, 1 };
	union one_descriptor control = { 0 };
	struct msghdr header = describe_message(&control, &vector);
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(directory));
	memcpy(CMSG_DATA(c), &directory, sizeof(directory));
	(void)!sendmsg(pair[0], &header, 0);
	close(directory);
	scene.fd = pair[1];
}

static int open_in_passed_directory(void)
{
	const struct open_how how = { .flags = O_RDONLY };
	char byte;
	struct iovec vector = { &byte, 1 };
	union one_descriptor control = { 0 };
	struct msghdr header = describe_message(&control, &vector);
	const struct cmsghdr *c;
	int directory;

	if (recvmsg(scene.fd, &header, 0) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&header);
	if (!c)
		return -ENOMSG;
	memcpy(&directory, CMSG_DATA(c), sizeof(directory));
	return outcome(syscall(SYS_openat2, directory, "public", &how, sizeof(how)));
}

static void open_udp(void)
{
	scene.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int attach_filter(void)
{
	struct sock_filter all = { .code = BPF_RET | BPF_K, .k = 0xffffffff };
	const struct sock_fprog program = { 1, &all };

	return outcome(
		setsockopt(scene.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

static int mark_packets(void)
{
	const int mark = 1;

	return outcome(setsockopt(scene.fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
}

static int bind_to_device(void)
{
	return outcome(setsockopt(scene.fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
}

#define RAW (USER | CALLS)

static const struct attempt attempts[] = {
	TRY("connect by TCP", LANDLOCK | CALLS, connect_tcp, .abi = 4),
	TRY("connect by multipath TCP", CALLS, connect_multipath),
	TRY("connect by UDP", CALLS, connect_udp, .not_in = TFTPDS),
	TRY("listen on TCP", LANDLOCK | CALLS, listen_tcp, .abi = 4),
	TRY("bind the DHCP server's port", RAW, bind_dhcp_port, .allowed_in = TFTPDS),
	TRY("open a raw socket", RAW, open_raw),
	TRY("open a packet socket", RAW, open_packet),
	TRY("open a packet socket without headers", RAW, open_packet_datagram),
	TRY("open a netlink socket", CALLS, open_netlink),
	TRY("open an ICMP socket", CALLS, open_ping),
	TRY("open a socket of IPv6", CALLS, open_inet6),
	TRY("open a socket of the kernel's ciphers", CALLS, open_cipher),
	TRY("open a socket to other machines", CALLS, open_machine),
	TRY("connect to an abstract socket", LANDLOCK | CALLS, connect_abstract, .abi = 6,
		.allowed_in = IPCS),
	TRY("connect to a stream socket", CALLS, connect_stream),
	TRY("connect to root's socket", RAW, connect_private, .allowed_in = IPCS),
	TRY("make a pair of sockets", CALLS, make_pair),
	TRY("be root's process for brambled", RAW, forge_credentials, .allowed_in = IPCS),
	TRY("open a file in a passed directory", LANDLOCK | CALLS, open_in_passed_directory,
		.prepare = pass_directory, .allowed_in = TFTPD_ROOT),
	TRY("attach a filter to a socket", CALLS, attach_filter, .prepare = open_udp),
	TRY("mark packets", RAW, mark_packets, .prepare = open_udp),
	TRY("bind a socket to a device", CALLS, bind_to_device, .prepare = open_udp),
};

const struct attempt_table network_attempts = { attempts, sizeof(attempts) / sizeof(attempts[0]) };
