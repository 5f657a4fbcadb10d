/* SPDX-License-Identifier: ISC */
/* bramble doctor: do the servers on the LAN answer? */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "provisioner/cli/doctor.h"
#include "provisioner/cli/json.h"

#define PATIENCE_MS 3000
#define NFS_PORT 2049
#define DHCP_PORT 67
#define LOOK_AT_BRAMBLED "bramble status; journalctl -u bramble"

static int open_to(const struct sockaddr_in *server, int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd polled = { .fd = fd, .events = POLLOUT };

	if (fd < 0)
		return -errno;
	/* A TFTP server answers from another port (RFC 1350, section 4): a socket that is connected
	 * wouldn't hear it. */
	if (type == SOCK_DGRAM)
		return fd;
	if ((connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0 ||
		    errno == EINPROGRESS) &&
		poll(&polled, 1, PATIENCE_MS) == 1)
		return fd;
	close(fd);
	return -ETIMEDOUT;
}

/* Send a question and wait for the beginning of an answer. Returns 0 or -errno. */
static int ask(
	const struct settings *settings, int type, uint16_t port, const void *question, size_t size)
{
	const struct sockaddr_in server = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = settings->router
	};
	int fd = open_to(&server, type), result = -ETIMEDOUT;
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	bool stream = type == SOCK_STREAM;
	char answer[516];

	if (fd < 0)
		return fd;
	if (sendto(fd, question, size, MSG_NOSIGNAL,
		    stream ? NULL : (const struct sockaddr *)&server,
		    stream ? 0 : sizeof(server)) != (ssize_t)size)
		result = -errno;
	else if (poll(&polled, 1, PATIENCE_MS) == 1)
		result = recv(fd, answer, sizeof(answer), 0) > 0 ? 0 : -ECONNRESET;
	close(fd);
	return result;
}

static void report(struct doctor *doctor, const char *name, uint16_t port, int result)
{
	if (result == 0)
		doctor_say(doctor, name, DOCTOR_WELL, "", "answers on %s, port %u",
			doctor->settings->lan_address, port);
	else
		doctor_say(doctor, name, DOCTOR_WRONG, LOOK_AT_BRAMBLED,
			"doesn't answer on %s, port %u: %s", doctor->settings->lan_address, port,
			strerror(-result));
}

/* A read request (RFC 1350, section 5) of nobody's: to be refused is an answer. */
static void check_tftp(struct doctor *doctor)
{
	static const char question[] = "\0\1bramble-doctor\0octet";
	uint16_t port = (uint16_t)doctor->settings->tftp_port;

	report(doctor, "TFTP", port,
		ask(doctor->settings, SOCK_DGRAM, port, question, sizeof(question)));
}

static void check_http(struct doctor *doctor)
{
	static const char question[] = "GET /bramble-doctor HTTP/1.0\r\n\r\n";
	uint16_t port = (uint16_t)doctor->settings->http_port;

	report(doctor, "HTTP", port,
		ask(doctor->settings, SOCK_STREAM, port, question, strlen(question)));
}

/* The call that does nothing (RFC 5531, section 9; program 100003, version 4), in one record. */
static void check_nfs(struct doctor *doctor)
{
	const uint32_t question[] = { htonl(0x80000000u | 40), htonl(0x6272616d), 0, htonl(2),
		htonl(100003), htonl(4), 0, 0, 0, 0, 0 };

	report(doctor, "NFS", NFS_PORT,
		ask(doctor->settings, SOCK_STREAM, NFS_PORT, question, sizeof(question)));
	if (doctor->status && strcmp(json_text(doctor->status, "nfs"), "not running") == 0)
		doctor_say(doctor, "exports", DOCTOR_WRONG, LOOK_AT_BRAMBLED,
			"nothing is exported to nodes");
	else if (doctor->status)
		doctor_say(doctor, "exports", DOCTOR_WELL, "", "served by %s",
			json_text(doctor->status, "nfs"));
}

/* A DHCP server answers no question of its own machine; somebody must listen. */
static void check_dhcp(struct doctor *doctor)
{
	char line[256], wanted[8];
	FILE *file = fopen("/proc/net/udp", "re");
	bool listens = false;

	snprintf(wanted, sizeof(wanted), ":%04X ", DHCP_PORT);
	while (file && fgets(line, sizeof(line), file)) {
		const char *address = strstr(line, ": ");

		listens = listens || (address && strlen(address) > 16 &&
					     strncmp(address + 10, wanted, strlen(wanted)) == 0);
	}
	if (file)
		fclose(file);
	if (listens)
		doctor_say(doctor, "DHCP", DOCTOR_WELL, "", "a server listens");
	else
		doctor_say(doctor, "DHCP", DOCTOR_WRONG, LOOK_AT_BRAMBLED,
			"nobody listens on port %d: boards get no address", DHCP_PORT);
}

void doctor_check_servers(struct doctor *doctor)
{
	check_dhcp(doctor);
	check_tftp(doctor);
	check_http(doctor);
	check_nfs(doctor);
}
