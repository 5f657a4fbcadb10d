/* SPDX-License-Identifier: ISC */
/* The files of the cluster: kubeadm's manifests (first byte 'm') and processes.json; and what etcd
 * says of whose store it has ('e'), and where the control plane is ('p'). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cluster/kubeadm.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "provisioner/cluster/store.h"
#include "tests/fuzz/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_manifest(const char *text, size_t size)
{
	char *words[PROCESSES_ARGUMENTS + 1];

	if (kubeadm_read_command(text, size, words) != 0)
		return;
	if (!words[0])
		abort();
	for (size_t i = 0; words[i]; i++)
		free(words[i]);
}

/* What was accepted is written and accepted again. */
static void read_processes(const char *text)
{
	struct processes processes, again;
	char *written;

	if (processes_parse(text, &processes) != 0)
		return;
	written = processes_format(&processes);
	if (!written || processes_parse(written, &again) != 0)
		abort();
	processes_free(&again);
	processes_free(&processes);
	free(written);
}

static void read_store(const char *text)
{
	char id[STORE_ID_SIZE];

	if (store_parse_id(text, id) == 0 ? !store_is_id(id) : id[0] != '\0')
		abort();
}

/* What was accepted is written and accepted again. */
static void read_place(const char *text)
{
	struct place place;
	char out[256];

	if (place_parse(text, &place) == 0 &&
		(place_format(&place, out, sizeof(out)) != 0 || place_parse(out, &place) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	if (!text)
		return 0;
	if (data[0] == 'm')
		read_manifest(text, size - 1);
	else if (data[0] == 'p')
		read_place(text);
	else if (data[0] == 'e')
		read_store(text);
	else
		read_processes(text);
	free(text);
	return 0;
}
